/* SPDX-License-Identifier: MIT
 *
 * QUANTIZE float32 to int8 and DEQUANTIZE back, and the same for single values at the model's ends.
 *
 *     q = clamp(round(x / scale) + zero_point), halves away from zero
 *     x = scale * (q - zero_point)
 *
 * in float32, as TFLM computes them. NaN becomes the zero point.
 */
#include "kernels.h"

/* round(x), halves away from zero, saturated far outside of every quantised dtype. */
static int32_t round_real(float x) {
    if (!(x > -1.0e9f)) {
        return x <= -1.0e9f ? -1000000000 : 0; /* NaN gives 0 */
    }
    if (x >= 1.0e9f) {
        return 1000000000;
    }
    int32_t whole = (int32_t)x;
    float rest = x - (float)whole; /* exact */
    return whole + (rest >= 0.5f ? 1 : rest <= -0.5f ? -1 : 0);
}

static int32_t quantize(float x, float scale, int32_t zero_point, int32_t low, int32_t high) {
    return mg_clamp(mg_wrap_add(round_real(x / scale), zero_point), low, high);
}

void mg_write_real(const mg_tensor_t *t, void *data, uint32_t index, float value) {
    float scale = t->scale == 0.0f ? 1.0f : t->scale;
    switch (t->dtype) {
        case MG_INT8:
            ((int8_t *)data)[index] = (int8_t)quantize(value, scale, t->zero_point, INT8_MIN, INT8_MAX);
            break;
        case MG_UINT8: ((uint8_t *)data)[index] = (uint8_t)quantize(value, scale, t->zero_point, 0, UINT8_MAX); break;
        case MG_INT16:
            ((int16_t *)data)[index] = (int16_t)quantize(value, scale, t->zero_point, INT16_MIN, INT16_MAX);
            break;
        case MG_UINT16:
            ((uint16_t *)data)[index] = (uint16_t)quantize(value, scale, t->zero_point, 0, UINT16_MAX);
            break;
        case MG_INT32: ((int32_t *)data)[index] = quantize(value, scale, t->zero_point, INT32_MIN, INT32_MAX); break;
        case MG_UINT32:
            ((uint32_t *)data)[index] = (uint32_t)quantize(value, scale, t->zero_point, 0, INT32_MAX);
            break;
        case MG_INT64: ((int64_t *)data)[index] = quantize(value, scale, t->zero_point, INT32_MIN, INT32_MAX); break;
        case MG_UINT64:
            ((uint64_t *)data)[index] = (uint64_t)quantize(value, scale, t->zero_point, 0, INT32_MAX);
            break;
        case MG_BOOL: ((uint8_t *)data)[index] = value != 0.0f; break;
        default: ((float *)data)[index] = value; break;
    }
}

float mg_read_real(const mg_tensor_t *t, const void *data, uint32_t index) {
    float scale = t->scale == 0.0f ? 1.0f : t->scale;
    int32_t q;
    switch (t->dtype) {
        case MG_INT8: q = ((const int8_t *)data)[index]; break;
        case MG_UINT8:
        case MG_BOOL: q = ((const uint8_t *)data)[index]; break;
        case MG_INT16: q = ((const int16_t *)data)[index]; break;
        case MG_UINT16: q = ((const uint16_t *)data)[index]; break;
        case MG_INT32: q = ((const int32_t *)data)[index]; break;
        case MG_UINT32: return scale * (float)((const uint32_t *)data)[index];
        case MG_INT64: { /* in halves, which needs no conversion from 64 bits */
            int64_t whole = ((const int64_t *)data)[index];
            return scale * ((float)(int32_t)(whole >> 32) * 4294967296.0f + (float)(uint32_t)whole);
        }
        case MG_UINT64: {
            uint64_t whole = ((const uint64_t *)data)[index];
            return scale * ((float)(uint32_t)(whole >> 32) * 4294967296.0f + (float)(uint32_t)whole);
        }
        default: return ((const float *)data)[index];
    }
    return scale * (float)mg_wrap_add(q, (int32_t)(0u - (uint32_t)t->zero_point));
}

static bool check_affine(const mg_check_t *check, uint32_t in_dtype, uint32_t out_dtype) {
    const mg_affine_params_t *p = &check->params.affine;
    if (!(p->scale > 0.0f && p->scale <= 3.0e38f)) {
        return mg_refuse(check, "the scale is no positive number", 0, 1);
    }
    return mg_check_ends(check, 1, in_dtype, out_dtype) && mg_check_elements(check, 0, p->count)
           && mg_check_elements(check, 1, p->count);
}

bool mg_quantize_check(const mg_check_t *check) {
    return check_affine(check, MG_FLOAT32, MG_INT8);
}

void mg_quantize_run(const mg_call_t *call) {
    const mg_affine_params_t *p = &call->params.affine;
    const uint8_t *x = call->in[0]; /* a constant may lie unaligned in the file */
    int8_t *out = call->out[0];
    for (uint32_t i = 0; i < p->count; i++, x += 4) {
        float value;
        memcpy(&value, x, sizeof value);
        out[i] = (int8_t)quantize(value, p->scale, p->zero_point, INT8_MIN, INT8_MAX);
    }
}

bool mg_dequantize_check(const mg_check_t *check) {
    return check_affine(check, MG_INT8, MG_FLOAT32);
}

void mg_dequantize_run(const mg_call_t *call) {
    const mg_affine_params_t *p = &call->params.affine;
    const int8_t *x = call->in[0];
    float *out = call->out[0];
    for (uint32_t i = 0; i < p->count; i++) {
        out[i] = p->scale * (float)mg_wrap_add(x[i], (int32_t)(0u - (uint32_t)p->zero_point));
    }
}
