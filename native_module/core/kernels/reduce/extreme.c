/* SPDX-License-Identifier: MIT
 *
 * EXTREME: the largest or smallest value over any axes (all and any of bool, too), values as they are.
 * ARG_EXTREME: where along an axis it lies, the first of equals; int32 or int64.
 * TOP_K: the k largest of each row and where they lie, in falling order, the first of equals first.
 *
 * Every dtype of values.h. Source: TFLM's reduce_max and arg_min_max, TFLite's topk_v2.
 */
#include "../values.h"

bool mg_extreme_check(const mg_check_t *check) {
    const mg_extreme_params_t *p = &check->params.extreme;
    if (!mg_is_value(p->dtype) || !mg_check_signature(check, 1, p->dtype, p->dtype)) {
        return MG_REFUSE(check, "a tensor of the wrong dtype", check->tensors[0].dtype, p->dtype);
    }
    return mg_check_reduction(check);
}

static bool better(int32_t a, int32_t b, bool is_max) {
    return is_max ? a > b : a < b;
}

static int32_t extreme_of(const mg_extreme_params_t *p, const uint8_t *x, uint32_t size) {
    int32_t best = mg_load_value(x, p->dtype);
    for (uint32_t i = 0; i < p->reduce_dims[0]; i++) {
        for (uint32_t j = 0; j < p->reduce_dims[1]; j++) {
            const uint8_t *v = x + (i * p->reduce_stride[0] + j * p->reduce_stride[1]) * size;
            for (uint32_t k = 0; k < p->reduce_dims[2]; k++, v += p->reduce_stride[2] * size) {
                int32_t value = mg_load_value(v, p->dtype);
                best = better(value, best, p->is_max != 0) ? value : best;
            }
        }
    }
    return best;
}

void mg_extreme_run(const mg_call_t *call) {
    const mg_extreme_params_t *p = &call->params.extreme;
    const uint32_t size = mg_dtype_size(p->dtype);
    const uint8_t *x = call->in[0];
    uint8_t *out = call->out[0];
    for (uint32_t i = 0; i < p->keep_dims[0]; i++) {
        for (uint32_t j = 0; j < p->keep_dims[1]; j++) {
            const uint8_t *v = x + (i * p->keep_stride[0] + j * p->keep_stride[1]) * size;
            for (uint32_t k = 0; k < p->keep_dims[2]; k++, v += p->keep_stride[2] * size, out += size) {
                mg_store_value(out, p->dtype, extreme_of(p, v, size));
            }
        }
    }
}

/* The input of a scan, and its output `i` of `results` elements a walk. */
static bool check_scan(const mg_check_t *check, uint32_t i, uint32_t results) {
    const mg_scan_params_t *p = &check->params.scan;
    uint32_t walks = mg_times(p->outer, p->inner);
    if (!mg_is_value(p->dtype) || check->tensors[0].dtype != p->dtype) {
        return MG_REFUSE(check, "a tensor of the wrong dtype", check->tensors[0].dtype, p->dtype);
    }
    if (p->outer == 0 || p->inner == 0 || p->axis == 0 || results > p->axis) {
        return MG_REFUSE(check, "a scan of nothing: elements", 0, 1);
    }
    return mg_check_elements(check, 0, mg_times(walks, p->axis))
           && mg_check_elements(check, i, mg_times(walks, results));
}

bool mg_argextreme_check(const mg_check_t *check) {
    uint32_t out = check->tensors[1].dtype;
    return mg_check_signature(check, 1, check->tensors[0].dtype, out == MG_INT64 ? MG_INT64 : MG_INT32)
           && check_scan(check, 1, 1);
}

void mg_argextreme_run(const mg_call_t *call) {
    const mg_scan_params_t *p = &call->params.scan;
    const uint32_t size = mg_dtype_size(p->dtype), step = p->inner * size;
    const uint32_t out_size = call->out_size / (p->outer * p->inner);
    uint8_t *out = call->out[0];
    for (uint32_t o = 0; o < p->outer; o++) {
        for (uint32_t i = 0; i < p->inner; i++, out += out_size) {
            const uint8_t *x = (const uint8_t *)call->in[0] + o * p->axis * step + i * size;
            int32_t best = mg_load_value(x, p->dtype);
            int64_t at = 0;
            for (uint32_t k = 1; k < p->axis; k++) {
                x += step;
                int32_t value = mg_load_value(x, p->dtype);
                if (better(value, best, p->is_max != 0)) {
                    best = value;
                    at = k;
                }
            }
            memcpy(out, &at, out_size);
        }
    }
}

bool mg_topk_check(const mg_check_t *check) {
    const mg_scan_params_t *p = &check->params.scan;
    if (check->n_inputs != 1 || check->n_outputs != 2 || check->tensors[1].dtype != p->dtype
        || check->tensors[2].dtype != MG_INT32 || p->inner != 1 || p->k == 0) {
        return MG_REFUSE(check, "wrong number of tensors", check->n_inputs, 1);
    }
    return check_scan(check, 1, p->k) && check_scan(check, 2, p->k);
}

void mg_topk_run(const mg_call_t *call) {
    const mg_scan_params_t *p = &call->params.scan;
    const uint32_t size = mg_dtype_size(p->dtype);
    const uint8_t *row = call->in[0];
    uint8_t *values = call->out[0], *indices = call->out[1];
    for (uint32_t o = 0; o < p->outer; o++, row += p->axis * size) {
        int32_t value = INT32_MAX, at = -1; /* the one found last */
        for (uint32_t k = 0; k < p->k; k++) {
            int32_t best = INT32_MIN, best_at = -1;
            for (int32_t i = 0; i < (int32_t)p->axis; i++) {
                int32_t v = mg_load_value(row + (uint32_t)i * size, p->dtype);
                bool is_left = v < value || (v == value && i > at);
                if (is_left && (best_at < 0 || v > best)) {
                    best = v;
                    best_at = i;
                }
            }
            mg_store_value(values, p->dtype, best);
            memcpy(indices, &best_at, 4);
            values += size;
            indices += 4;
            value = best;
            at = best_at;
        }
    }
}
