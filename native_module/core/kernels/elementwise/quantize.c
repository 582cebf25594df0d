/* SPDX-License-Identifier: MIT
 *
 * QUANTIZE float32 to int8 and DEQUANTIZE back, and the same for single values at the model's ends.
 *
 *     q = clamp(round(x / scale) + zero_point), halves away from zero
 *     x = scale * (q - zero_point)
 *
 * in float32, as TFLM computes them. NaN becomes the zero point.
 */
#include "../kernels.h"

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

static bool is_signed(uint32_t dtype) {
    return (1u << dtype & (1u << MG_INT8 | 1u << MG_INT16 | 1u << MG_INT32 | 1u << MG_INT64)) != 0;
}

static float scale_of(const mg_tensor_t *t) {
    return t->scale == 0.0f ? 1.0f : t->scale;
}

/* Byte by byte, because a user's buffer may lie unaligned. */
void mg_write_real(const mg_tensor_t *t, void *data, uint32_t index, float value) {
    uint32_t size = mg_dtype_size(t->dtype);
    uint8_t *to = (uint8_t *)data + index * size;
    int32_t q;
    if (t->dtype == MG_FLOAT32) {
        q = (int32_t)mg_bits_of(value);
    } else if (t->dtype == MG_BOOL) {
        q = value != 0.0f;
    } else {
        int32_t above = size < 4 ? 8 * (int32_t)size : 31; /* the bits of the largest value */
        int32_t max = (int32_t)((1u << (above - (size < 4 && is_signed(t->dtype)))) - 1);
        q = quantize(value, scale_of(t), t->zero_point, is_signed(t->dtype) ? -max - 1 : 0, max);
    }
    for (uint32_t i = 0; i < size; i++, q >>= 8) {
        to[i] = (uint8_t)q;
    }
}

/* 1 / scale in 16 bits, for bytes. */
void mg_quantizer(mg_quantizer_t *by, const mg_tensor_t *t) {
    float inverse = 1.0f / scale_of(t);
    uint32_t bits = mg_bits_of(inverse);
    uint32_t factor = ((bits & 0x7fffffu) | 0x800000u) + 128, exponent = bits >> 23;
    by->tensor = t;
    by->low = is_signed(t->dtype) ? INT8_MIN : 0;
    by->factor = factor >> 8 > 0xffffu ? 0xffffu : factor >> 8;
    by->exponent = 268 - (int32_t)exponent;
    if ((t->dtype != MG_INT8 && t->dtype != MG_UINT8) || exponent - 8 > 242 || t->zero_point < -128
        || t->zero_point > 255) { /* 8 to 250: infinities are far outside, and numbers without a leading one are 0 */
        by->exponent = INT32_MIN / 2;
    }
}

/* |x| / scale times 2^16 is the product of x's 24 bits and the 16 of `factor`, shifted by what the exponents say, and off
 * by at most 2^-16 of itself. So the rounded value is certain unless it lies near a half, or far outside. */
#define NEAR_HALF 400 /* more than the error for values below 128 + 255 */

void mg_write_reals(const mg_quantizer_t *by, void *data, uint32_t index, const void *reals, uint32_t n) {
    const uint8_t *from = reals, *end = from + sizeof(float) * n;
    const int32_t low = by->low, high = low + 255, zero_point = by->tensor->zero_point;
    for (; from != end; from += sizeof(float), index++) {
        uint32_t bits = mg_load_u32(from);
        int32_t shift = by->exponent - (int32_t)(bits >> 23 & 255u);
        uint32_t product = ((bits >> 8 & 0x7fffu) | 0x8000u) * by->factor + ((bits & 255u) * by->factor >> 8);
        uint32_t rounded = (product >> (shift < 31 ? shift & 31 : 31)) + 0x8000u;
        if (shift >= 6 && ((rounded + NEAR_HALF) & 0xffffu) >= 2 * NEAR_HALF) {
            int32_t q = (int32_t)(rounded >> 16);
            ((uint8_t *)data)[index] = (uint8_t)mg_clamp((bits >> 31 != 0 ? -q : q) + zero_point, low, high);
        } else {
            float value;
            memcpy(&value, from, sizeof value);
            mg_write_real(by->tensor, data, index, value);
        }
    }
}

float mg_read_real(const mg_tensor_t *t, const void *data, uint32_t index) {
    uint32_t size = mg_dtype_size(t->dtype), low = 0;
    const uint8_t *from = (const uint8_t *)data + index * size;
    for (uint32_t i = size < 4 ? size : 4; i-- != 0;) {
        low = low << 8 | from[i];
    }
    if (t->dtype == MG_FLOAT32) {
        float value;
        memcpy(&value, &low, sizeof value);
        return value;
    }
    if (size == 8) { /* in halves, which needs no conversion from 64 bits */
        uint32_t high = mg_load_u32(from + 4);
        float above = is_signed(t->dtype) ? (float)(int32_t)high : (float)high;
        return scale_of(t) * (above * 4294967296.0f + (float)low);
    }
    if (t->dtype == MG_UINT32) {
        return scale_of(t) * (float)low;
    }
    int32_t q = (int32_t)low;
    if (is_signed(t->dtype)) {
        uint32_t unused = 32 - 8 * size;
        q = (int32_t)(low << unused) >> unused;
    }
    return scale_of(t) * (float)mg_wrap_add(q, (int32_t)(0u - (uint32_t)t->zero_point));
}

static bool check_affine(const mg_check_t *check, uint32_t in_dtype, uint32_t out_dtype) {
    const mg_affine_params_t *p = &check->params.affine;
    if (!(p->scale > 0.0f && p->scale <= 3.0e38f)) {
        return MG_REFUSE(check, "the scale is no positive number", 0, 1);
    }
    return mg_check_signature(check, 1, in_dtype, out_dtype) && mg_check_elements(check, 0, p->count)
           && mg_check_elements(check, 1, p->count);
}

bool mg_quantize_check(const mg_check_t *check) {
    return check_affine(check, MG_FLOAT32, MG_INT8);
}

void mg_quantize_run(const mg_call_t *call) {
    const mg_affine_params_t *p = &call->params.affine;
    const mg_tensor_t tensor = {.dtype = MG_INT8, .scale = p->scale, .zero_point = p->zero_point};
    mg_quantizer_t by;
    mg_quantizer(&by, &tensor);
    mg_write_reals(&by, call->out[0], 0, call->in[0], p->count);
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
