/* SPDX-License-Identifier: MIT
 *
 * MAP: out = f(a, b), or f(a, b, c) for SELECT, element by element with broadcasting.
 *
 * Plain functions work on the values as they are, in wrapping int32; a division by zero gives 0.
 * Quantised ones, with A = m_a * ((a - zp_a) << left_shift), B likewise, m a requantisation:
 *
 *     QUANTIZED_SUB    m_y * (A - B)           SQUARED_DIFFERENCE   m_y * (A - B)^2
 *     PRELU            m_a * (a - zp_a) where that is not negative, else m_b * (a - zp_a) * (b - zp_b)
 *     QUANTIZED_DIV    m_y * (a - zp_a) / (b - zp_b) by way of the reciprocal in Q0.31
 *     COMPARE          1 where `accepted` has the bit of the outcome: 1 less, 2 equal, 4 greater, 8 where one is
 *                      NaN; of A and B where left_shift is not 0, else of a and b
 *
 * then y = clamp(zp_y + f). The host chooses left_shift so that no shifted value leaves 32 bits.
 * Source: TFLM's kernels sub, squared_difference, prelu, div, comparisons, maximum_minimum, select.
 */
#include "../values.h"

#define RANK 5

enum {
    ADD,
    SUB,
    MUL,
    DIV,
    FLOOR_DIV,
    FLOOR_MOD,
    MAXIMUM,
    MINIMUM,
    AND,
    OR,
    SELECT,
    COMPARE,
    QUANTIZED_SUB,
    SQUARED_DIFFERENCE,
    PRELU,
    QUANTIZED_DIV,
    FUNCTIONS
};

bool mg_map_check(const mg_check_t *check) {
    const mg_map_params_t *p = &check->params.map;
    const mg_tensor_t *t = check->tensors;
    uint32_t n = p->function == SELECT ? 3 : 2;
    if (check->n_inputs != n || check->n_outputs != 1) {
        return MG_REFUSE(check, "wrong number of tensors", check->n_inputs, n);
    }
    if (t[0].dtype != p->in_dtype || t[1].dtype != p->in_dtype || t[n].dtype != p->out_dtype
        || (n == 3 && t[2].dtype != MG_BOOL) || !mg_is_value(p->in_dtype) || !mg_is_value(p->out_dtype)) {
        return MG_REFUSE(check, "a tensor of the wrong dtype", t[0].dtype, p->in_dtype);
    }
    if (p->function >= FUNCTIONS || p->left_shift > 20) {
        return MG_REFUSE(check, "an unknown function of two values", p->function, FUNCTIONS);
    }
    if (!mg_check_multiplier(check, p->a_multiplier, p->a_shift)
        || !mg_check_multiplier(check, p->b_multiplier, p->b_shift)
        || !mg_check_multiplier(check, p->out_multiplier, p->out_shift)) {
        return false;
    }
    return mg_check_operand(check, 0, p->dims, p->a_stride) && mg_check_operand(check, 1, p->dims, p->b_stride)
           && (n == 2 || mg_check_operand(check, 2, p->dims, p->c_stride));
}

static int32_t scaled(int32_t x, int32_t zero_point, uint32_t left_shift, int32_t multiplier, int32_t shift) {
    return mg_requantize((int32_t)(((uint32_t)x - (uint32_t)zero_point) << left_shift), multiplier, shift);
}

static int32_t wrap_sub(int32_t a, int32_t b) {
    return (int32_t)((uint32_t)a - (uint32_t)b);
}

static int32_t wrap_mul(int32_t a, int32_t b) {
    return (int32_t)((uint32_t)a * (uint32_t)b);
}

static int32_t divide(int32_t a, int32_t b, uint32_t function) {
    if (b == 0) {
        return 0;
    }
    if (b == -1) { /* INT32_MIN / -1 overflows */
        return function == FLOOR_MOD ? 0 : wrap_sub(0, a);
    }
    int32_t quotient = a / b, rest = a % b;
    bool below = rest != 0 && (rest < 0) != (b < 0);
    if (function == FLOOR_MOD) {
        return below ? rest + b : rest;
    }
    return function == FLOOR_DIV && below ? quotient - 1 : quotient;
}

/* a and b without their zero points. */
static int32_t quantized_quotient(const mg_map_params_t *p, int32_t a, int32_t b) {
    if (b == 0 || a == 0) {
        return 0;
    }
    if (b < 0) {
        a = wrap_sub(0, a);
        b = wrap_sub(0, b);
    }
    uint32_t zeros = mg_leading_zeros((uint32_t)b); /* 0 only for b = INT32_MIN */
    uint32_t headroom = mg_leading_zeros(a < 0 ? ~(uint32_t)a : (uint32_t)a) - 1;
    int32_t inverse = mg_reciprocal_of_one_plus((int32_t)(((uint32_t)b << zeros) - 0x80000000u));
    int32_t quotient = mg_high_mul((int32_t)((uint32_t)a << headroom), inverse);
    int32_t shift = p->out_shift - (31 - (int32_t)zeros) - (int32_t)headroom;
    return mg_requantize(quotient, p->out_multiplier, mg_clamp(shift, -31, 30));
}

/* Of a float's bits as mg_load_value orders them: beyond those of the infinities. */
static bool is_nan(int32_t value) {
    return (value ^ value >> 31) > 0x7f800000;
}

static int32_t combine(const mg_map_params_t *p, int32_t a, int32_t b, int32_t c) {
    int32_t x = a, y = b;
    if (p->left_shift != 0) {
        x = scaled(a, p->a_zero_point, p->left_shift, p->a_multiplier, p->a_shift);
        y = scaled(b, p->b_zero_point, p->left_shift, p->b_multiplier, p->b_shift);
    }
    switch (p->function) {
        case ADD: return mg_wrap_add(a, b);
        case SUB: return wrap_sub(a, b);
        case MUL: return wrap_mul(a, b);
        case MAXIMUM: return a > b ? a : b;
        case MINIMUM: return a < b ? a : b;
        case AND: return a & b;
        case OR: return a | b;
        case SELECT: return c != 0 ? a : b;
        case COMPARE:
            x = x < y ? 1 : x == y ? 2 : 4;
            if (p->in_dtype == MG_FLOAT32 && (is_nan(a) || is_nan(b))) {
                x = 8;
            }
            return (p->accepted & x) != 0;
        case QUANTIZED_SUB: return mg_requantize(wrap_sub(x, y), p->out_multiplier, p->out_shift);
        case SQUARED_DIFFERENCE:
            x = wrap_sub(x, y);
            return mg_requantize(wrap_mul(x, x), p->out_multiplier, p->out_shift);
        case PRELU:
            x = wrap_sub(a, p->a_zero_point);
            return x >= 0 ? mg_requantize(x, p->a_multiplier, p->a_shift)
                          : mg_requantize(wrap_mul(x, wrap_sub(b, p->b_zero_point)), p->b_multiplier, p->b_shift);
        case QUANTIZED_DIV: return quantized_quotient(p, wrap_sub(a, p->a_zero_point), wrap_sub(b, p->b_zero_point));
        default: return divide(a, b, p->function);
    }
}

void mg_map_run(const mg_call_t *call) {
    const mg_map_params_t *p = &call->params.map;
    const uint32_t *strides[] = {p->a_stride, p->b_stride, p->c_stride};
    const uint32_t in_size = mg_dtype_size(p->in_dtype), out_size = mg_dtype_size(p->out_dtype);
    const uint32_t sizes[] = {in_size, in_size, 1};
    const uint32_t n = p->function == SELECT ? 3 : 2;
    const uint8_t *operands[3] = {call->in[0], call->in[1], n == 3 ? call->in[2] : call->in[0]};
    uint8_t *out = call->out[0];
    uint32_t index[RANK] = {0};
    for (;;) {
        const uint8_t *a = operands[0], *b = operands[1], *c = operands[2];
        for (uint32_t i = 0; i < p->dims[RANK - 1]; i++) {
            int32_t y = combine(p, mg_load_value(a, p->in_dtype), mg_load_value(b, p->in_dtype), n == 3 ? *c : 0);
            y = mg_clamp(mg_wrap_add(y, p->out_zero_point), p->act_min, p->act_max);
            mg_store_value(out, p->out_dtype, y);
            a += p->a_stride[RANK - 1] * in_size;
            b += p->b_stride[RANK - 1] * in_size;
            c += n == 3 ? p->c_stride[RANK - 1] : 0;
            out += out_size;
        }
        int32_t d = RANK - 2; /* on to the next row: an odometer over the outer dimensions */
        while (d >= 0 && ++index[d] == p->dims[d]) {
            index[d] = 0;
            for (uint32_t k = 0; k < n; k++) {
                operands[k] -= (p->dims[d] - 1) * strides[k][d] * sizes[k];
            }
            d--;
        }
        if (d < 0) {
            return;
        }
        for (uint32_t k = 0; k < n; k++) {
            operands[k] += strides[k][d] * sizes[k];
        }
    }
}
