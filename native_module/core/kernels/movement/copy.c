/* SPDX-License-Identifier: MIT
 *
 * COPY: out[out_start + sum(i * out_stride)] = in[in_start + sum(i * in_stride)] for every index i
 * under dims, in elements of 1, 2, 4 or 8 bytes of any dtype; with fill, the rest of the output becomes
 * fill_value. Strides may be negative or zero.
 */
#include "../../loops/loops.h"
#include "../kernels.h"

#define RANK 5

/* The lowest and highest element that a walk from `start` touches lie in [0, elements). */
static bool check_walk(const mg_check_t *check, uint32_t start, const uint32_t *dims, const int32_t *strides,
                       uint32_t elements) {
    uint32_t below = 0, high = start; /* below: how far behind the start it goes back */
    for (uint32_t i = 0; i < RANK; i++) {
        const bool back = strides[i] < 0;
        const uint32_t reach = mg_times(dims[i] - 1, back ? 0u - (uint32_t)strides[i] : (uint32_t)strides[i]);
        below = mg_plus(below, back ? reach : 0);
        high = mg_plus(high, back ? 0 : reach);
        if (below > start || high >= elements) {
            return MG_REFUSE(check, "a copy reaches outside its tensor: start", start, elements);
        }
    }
    return true;
}

bool mg_copy_check(const mg_check_t *check) {
    const mg_copy_params_t *p = &check->params.copy;
    uint32_t dtype = check->tensors[0].dtype;
    if (!mg_check_signature(check, 1, dtype, dtype)) {
        return false;
    }
    if (p->element_size != mg_dtype_size(dtype) || p->fill > 1) {
        return MG_REFUSE(check, "a copy of the wrong element size", p->element_size, mg_dtype_size(dtype));
    }
    uint32_t elements = 1;
    for (uint32_t i = 0; i < RANK; i++) {
        elements = mg_times(elements, p->dims[i]);
        /* A copy writes no element twice: this bounds its time. */
        if (p->dims[i] == 0 || (p->dims[i] == 1 && (p->in_stride[i] | p->out_stride[i]) != 0)
            || elements > check->tensors[1].size / p->element_size) {
            return MG_REFUSE(check, "an impossible dimension in a copy: dimension", i, RANK);
        }
    }
    return check_walk(check, p->in_start, p->dims, p->in_stride, check->tensors[0].size / p->element_size)
           && check_walk(check, p->out_start, p->dims, p->out_stride, check->tensors[1].size / p->element_size);
}

static void fill(uint8_t *out, uint32_t size, uint32_t element_size, int64_t value) {
    if (element_size == 1) {
        memset(out, (int)value, size);
        return;
    }
    for (uint32_t i = 0; i < size; i += element_size) {
        memcpy(out + i, &value, element_size);
    }
}

static void copy_elements(const uint8_t *in, uint8_t *out, uint32_t n, int32_t in_step, int32_t out_step,
                          uint32_t size) {
    for (uint32_t i = 0; i < n; i++, in += in_step, out += out_step) {
        switch (size) {
            case 1: out[0] = in[0]; break;
            case 2: memcpy(out, in, 2); break;
            case 4: memcpy(out, in, 4); break;
            default: memcpy(out, in, 8); break;
        }
    }
}

/* The two innermost dimensions. */
static void copy_rows(const mg_copy_params_t *p, const uint8_t *in, uint8_t *out) {
    const uint32_t rows = p->dims[RANK - 2], n = p->dims[RANK - 1], size = p->element_size;
    const int32_t in_line = p->in_stride[RANK - 2] * (int32_t)size, out_line = p->out_stride[RANK - 2] * (int32_t)size;
    if (p->in_stride[RANK - 1] == 1 && p->out_stride[RANK - 1] == 1) {
        mg_copy_rows((int8_t *)out, (uint32_t)out_line, (const int8_t *)in, (uint32_t)in_line, n * size, rows);
        return;
    }
    for (uint32_t i = 0; i < rows; i++, in += in_line, out += out_line) {
        copy_elements(in, out, n, p->in_stride[RANK - 1] * (int32_t)size, p->out_stride[RANK - 1] * (int32_t)size,
                      size);
    }
}

void mg_copy_run(const mg_call_t *call) {
    const mg_copy_params_t *p = &call->params.copy;
    const int32_t size = p->element_size;
    const uint8_t *in = (const uint8_t *)call->in[0] + p->in_start * (uint32_t)size;
    uint8_t *out = (uint8_t *)call->out[0];
    if (p->fill) {
        fill(out, call->out_size, (uint32_t)size, p->fill_value);
    }
    out += p->out_start * (uint32_t)size;
    uint32_t index[RANK] = {0};
    for (;;) {
        copy_rows(p, in, out);
        int32_t d = RANK - 3; /* an odometer over the outer dimensions */
        while (d >= 0 && ++index[d] == p->dims[d]) {
            int32_t back = (int32_t)(p->dims[d] - 1) * size;
            index[d] = 0;
            in -= back * p->in_stride[d];
            out -= back * p->out_stride[d];
            d--;
        }
        if (d < 0) {
            return;
        }
        in += p->in_stride[d] * size;
        out += p->out_stride[d] * size;
    }
}
