/* SPDX-License-Identifier: MIT
 *
 * CAST between dtypes.
 *
 *     y = x, cut to the output's low bits; of a real the whole part, saturated, and 0 of NaN; any x but
 *     0 is true
 *
 * Source: TFLM's cast kernel.
 */
#include "../kernels.h"

bool mg_cast_check(const mg_check_t *check) {
    const mg_cast_params_t *p = &check->params.cast;
    if ((p->out_dtype == MG_FLOAT32 && mg_dtype_size(p->in_dtype) == 8)
        || (p->in_dtype == MG_FLOAT32 && mg_dtype_size(p->out_dtype) == 8)) {
        return MG_REFUSE(check, "a cast between 64 bits and a real: dtype", p->in_dtype, MG_INT32);
    }
    return mg_check_signature(check, 1, p->in_dtype, p->out_dtype) && mg_check_elements(check, 0, p->count)
           && mg_check_elements(check, 1, p->count);
}

static bool is_signed(uint32_t dtype) {
    return dtype == MG_INT8 || dtype == MG_INT16 || dtype == MG_INT32;
}

/* The whole part of a real as an integer of at most 32 bits. */
static int64_t whole_part(float x, uint32_t dtype) {
    int64_t whole = x > 0.0f ? UINT32_MAX : 0; /* NaN: 0 */
    if (x < 2147483648.0f) {
        whole = x > -2147483648.0f ? (int32_t)x : INT32_MIN;
    } else if (x < 4294967296.0f) {
        whole = (uint32_t)x;
    }
    uint32_t spare = 32 - 8 * mg_dtype_size(dtype);
    int64_t low = is_signed(dtype) ? -(int64_t)(0x80000000u >> spare) : 0, high = low + (UINT32_MAX >> spare);
    return whole < low ? low : whole > high ? high : whole;
}

static int64_t load_element(uint32_t dtype, uint32_t size, const uint8_t *x) {
    int64_t wide = 0;
    memcpy(&wide, x, size);
    switch (dtype) {
        case MG_INT8: return (int8_t)wide;
        case MG_INT16: return (int16_t)wide;
        case MG_INT32: return (int32_t)wide;
        default: return wide;
    }
}

void mg_cast_run(const mg_call_t *call) {
    const mg_cast_params_t *p = &call->params.cast;
    const uint8_t *x = call->in[0];
    uint8_t *out = call->out[0];
    uint32_t in_size = mg_dtype_size(p->in_dtype), out_size = mg_dtype_size(p->out_dtype);
    for (uint32_t i = 0; i < p->count; i++, x += in_size, out += out_size) {
        int64_t value = load_element(p->in_dtype, in_size, x);
        float real;
        if (p->in_dtype == MG_FLOAT32) {
            memcpy(&real, x, sizeof real);
            value = p->out_dtype == MG_BOOL ? real != 0.0f : whole_part(real, p->out_dtype);
        } else if (p->out_dtype == MG_FLOAT32) {
            real = value < 0 ? (float)(int32_t)value : (float)(uint32_t)value;
            memcpy(&value, &real, sizeof real);
        } else if (p->out_dtype == MG_BOOL) {
            value = value != 0;
        }
        memcpy(out, &value, out_size);
    }
}
