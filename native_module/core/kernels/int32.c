/* SPDX-License-Identifier: MIT
 *
 * ARITHMETIC of two int32 tensors with broadcasting, and CAST between dtypes.
 *
 *     ARITHMETIC:  y = clamp(a + b), a - b, a * b, a / b (towards zero), max(a, b) or min(a, b)
 *     CAST:        y = x, cut to the output's low bits; of a real the whole part, saturated; any x but
 *                  0 is true
 *
 * Sums and products wrap at 32 bits. What TFLM leaves undefined is defined here: x / 0 = 0, the lowest
 * int32 divided by -1 is itself, NaN becomes 0.
 * Source: TFLite's int32 kernels, which compute in C's arithmetic.
 */
#include "kernels.h"

#define RANK 5

enum { ADD, SUBTRACT, MULTIPLY, DIVIDE, MAXIMUM, MINIMUM, FUNCTIONS };

bool mg_arithmetic_check(const mg_check_t *check) {
    const mg_arithmetic_params_t *p = &check->params.arithmetic;
    if (!mg_check_ends(check, 2, MG_INT32, MG_INT32)) {
        return false;
    }
    if (p->function >= FUNCTIONS) {
        return mg_refuse(check, "needs a newer Midge on the board: function", p->function, FUNCTIONS - 1);
    }
    uint64_t elements = 1, a_last = 0, b_last = 0;
    for (uint32_t i = 0; i < RANK; i++) {
        if (p->dims[i] == 0 || (p->dims[i] == 1 && (p->a_stride[i] | p->b_stride[i]) != 0)) {
            return mg_refuse(check, "an impossible dimension among the operands: dimension", i, RANK);
        }
        elements *= p->dims[i];
        a_last += (uint64_t)(p->dims[i] - 1) * p->a_stride[i];
        b_last += (uint64_t)(p->dims[i] - 1) * p->b_stride[i];
        /* No sum above wraps 64 bits while the count of elements is that of a real tensor. */
        if (elements > check->tensors[2].size / 4 || a_last >= check->tensors[0].size / 4
            || b_last >= check->tensors[1].size / 4) {
            return mg_refuse(check, "an operand is read outside its tensor: dimension", i, RANK);
        }
    }
    return mg_check_elements(check, 2, elements);
}

static int32_t combine(uint32_t function, int32_t a, int32_t b) {
    switch (function) {
        case ADD: return mg_wrap_add(a, b);
        case SUBTRACT: return (int32_t)((uint32_t)a - (uint32_t)b);
        case MULTIPLY: return (int32_t)((uint32_t)a * (uint32_t)b);
        case DIVIDE: return b == 0 ? 0 : b == -1 ? (int32_t)(0 - (uint32_t)a) : a / b;
        case MAXIMUM: return a > b ? a : b;
        default: return a < b ? a : b;
    }
}

void mg_arithmetic_run(const mg_call_t *call) {
    const mg_arithmetic_params_t *p = &call->params.arithmetic;
    const uint8_t *a = call->in[0], *b = call->in[1]; /* a constant may lie unaligned in the file */
    int32_t *out = call->out[0];
    uint32_t index[RANK] = {0};
    for (;;) {
        *out++ = mg_clamp(combine(p->function, mg_load_i32(a), mg_load_i32(b)), p->act_min, p->act_max);
        int32_t d = RANK - 1; /* on to the next element: an odometer over the dimensions */
        while (d >= 0 && ++index[d] == p->dims[d]) {
            index[d] = 0;
            a -= 4 * (size_t)(p->dims[d] - 1) * p->a_stride[d];
            b -= 4 * (size_t)(p->dims[d] - 1) * p->b_stride[d];
            d--;
        }
        if (d < 0) {
            return;
        }
        a += 4 * (size_t)p->a_stride[d];
        b += 4 * (size_t)p->b_stride[d];
    }
}

bool mg_cast_check(const mg_check_t *check) {
    const mg_cast_params_t *p = &check->params.cast;
    if ((p->out_dtype == MG_FLOAT32 && mg_dtype_size(p->in_dtype) == 8)
        || (p->in_dtype == MG_FLOAT32 && mg_dtype_size(p->out_dtype) == 8)) {
        return mg_refuse(check, "a cast between 64 bits and a real: dtype", p->in_dtype, MG_INT32);
    }
    return mg_check_ends(check, 1, p->in_dtype, p->out_dtype) && mg_check_elements(check, 0, p->count)
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
