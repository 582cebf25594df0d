/* SPDX-License-Identifier: MIT
 *
 * SOFTMAX over the last axis, int8 to int8 with scale 2^-8 and zero point -2^7, or to int16 with
 * scale 2^-16 and zero point -2^15.
 *
 *     y[r,c] = exp(beta * s * (x[r,c] - max)) / sum over j of exp(beta * s * (x[r,j] - max))
 *
 * The difference to the maximum is a whole number from 0 to 255, so that exp is a table of Q0.31
 * values which the host makes with the fixed-point exp of gemmlowp, the one that TFLM uses. The sum
 * is kept in Q12.19 (depth < 4096), its reciprocal taken by three Newton-Raphson steps.
 * Source: TFLM's softmax kernel and gemmlowp's fixedpoint.h for the order of roundings.
 */
#include "../kernels.h"

#define ROUND_TO_Q12(x) mg_rounding_shift((x), 12)

bool mg_softmax_check(const mg_check_t *check) {
    const mg_softmax_params_t *p = &check->params.softmax;
    uint32_t out_dtype = check->tensors[1].dtype == MG_INT16 ? MG_INT16 : MG_INT8;
    if (!mg_check_signature(check, 1, MG_INT8, out_dtype) || !mg_check_elements(check, 0, mg_times(p->rows, p->depth))
        || !mg_check_elements(check, 1, mg_times(p->rows, p->depth))
        || !mg_check_data(check, p->table_at, mg_times(4, p->table_size))) {
        return false;
    }
    if (p->depth == 0 || p->depth > 4095 || p->table_size == 0 || p->table_size > 256) {
        return MG_REFUSE(check, "softmax of too many classes", p->depth, 4095);
    }
    for (uint32_t i = 0; i < p->table_size; i++) {
        int32_t value = mg_load_i32(check->data + p->table_at + 4 * i);
        if (value < 0 || (i == 0 && value != INT32_MAX)) {
            return MG_REFUSE(check, "an impossible value in a table of exponentials", (uint32_t)value, INT32_MAX);
        }
    }
    return true;
}

int32_t mg_shift_left(int32_t x, uint32_t n) {
    int32_t limit = INT32_MAX >> n;
    return x > limit ? INT32_MAX : x < -limit - 1 ? INT32_MIN : (int32_t)((uint32_t)x << n);
}

int32_t mg_reciprocal_of_one_plus(int32_t a) {
    int32_t half_denominator = (int32_t)(((int64_t)a + INT32_MAX + 1) / 2);
    /* in Q2.29 */
    int32_t x = 1515870810 + mg_high_mul(half_denominator, -1010580540); /* 48/17 - 32/17 d */
    for (int i = 0; i < 3; i++) {
        int32_t error = (1 << 29) - mg_high_mul(half_denominator, x);
        x += mg_shift_left(mg_high_mul(x, error), 2);
    }
    return mg_shift_left(x, 1);
}

uint32_t mg_leading_zeros(uint32_t x) {
    uint32_t n = 0;
    while (n < 32 && (x & 0x80000000u) == 0) {
        x <<= 1;
        n++;
    }
    return n;
}

/* out_size: bytes of an output. */
static void softmax_row(const int8_t *x, uint8_t *out, uint32_t out_size, uint32_t depth, const uint8_t *table,
                        uint32_t table_size) {
    int32_t max = INT8_MIN;
    for (uint32_t c = 0; c < depth; c++) {
        max = x[c] > max ? x[c] : max;
    }
    uint32_t sum = 0;
    for (uint32_t c = 0; c < depth; c++) {
        uint32_t below = (uint32_t)(max - x[c]);
        if (below < table_size) {
            sum += (uint32_t)ROUND_TO_Q12(mg_load_i32(table + 4 * below));
        }
    }
    uint32_t headroom = mg_leading_zeros(sum); /* the maximum itself puts 2^19 into the sum */
    int32_t scale = mg_reciprocal_of_one_plus((int32_t)((sum << headroom) - 0x80000000u));
    int32_t half = out_size == 1 ? -INT8_MIN : -INT16_MIN;
    uint32_t exponent = 12 - headroom + 31 - 8 * out_size;
    for (uint32_t c = 0; c < depth; c++) {
        uint32_t below = (uint32_t)(max - x[c]);
        int32_t y = 0;
        if (below < table_size && exponent < 32) {
            y = mg_rounding_shift(mg_high_mul(scale, mg_load_i32(table + 4 * below)), exponent);
        }
        y = mg_clamp(y - half, -half, half - 1);
        memcpy(out + c * out_size, &y, out_size); /* little-endian: the low bytes */
    }
}

void mg_softmax_run(const mg_call_t *call) {
    const mg_softmax_params_t *p = &call->params.softmax;
    const int8_t *x = call->in[0];
    uint8_t *out = call->out[0];
    uint32_t size = p->rows == 0 ? 1 : call->out_size / (p->rows * p->depth);
    for (uint32_t r = 0; r < p->rows; r++) {
        softmax_row(x, out, size, p->depth, call->data + p->table_at, p->table_size);
        x += p->depth;
        out += size * p->depth;
    }
}
