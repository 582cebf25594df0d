/* SPDX-License-Identifier: MIT
 *
 * CUMSUM and L2_NORMALIZATION, int8.
 *
 *     CUMSUM:            y[i] = clamp(zp_y + m_y * sum over j <= i of m_x * ((x[j] - zp_x) << 20)), from the
 *                        other end where reverse, without x[i] itself where exclusive. As in TFLM the sum
 *                        starts at m_x * (-zp_x << 20), not at 0. It may wrap.
 *     L2_NORMALIZATION:  y = clamp((x - zp_x) / sqrt(sum of (x - zp_x)^2 of the row)) with scale 1/128, zero
 *                        point 0; the sum stays below 2^31 for rows of up to 2^15 elements
 *
 * Source: TFLM's cumsum and l2norm kernels; five Newton-Raphson steps for the inverse square root, as
 * TFLite's GetInvSqrtQuantizedMultiplierExp takes them.
 */
#include "../kernels.h"

bool mg_cumsum_check(const mg_check_t *check) {
    const mg_cumsum_params_t *p = &check->params.cumsum;
    uint32_t elements = mg_times4(p->outer, p->inner, p->axis, 1);
    if (!mg_check_signature(check, 1, MG_INT8, MG_INT8) || !mg_check_multiplier(check, p->in_multiplier, p->in_shift)
        || !mg_check_multiplier(check, p->out_multiplier, p->out_shift)) {
        return false;
    }
    return mg_check_elements(check, 0, elements) && mg_check_elements(check, 1, elements);
}

void mg_cumsum_run(const mg_call_t *call) {
    const mg_cumsum_params_t *p = &call->params.cumsum;
    const int8_t *in = call->in[0];
    int8_t *out = call->out[0];
    for (uint32_t o = 0; o < p->outer; o++) {
        for (uint32_t i = 0; i < p->inner; i++) {
            int32_t sum = mg_requantize(-p->in_zero_point * (1 << 20), p->in_multiplier, p->in_shift);
            for (uint32_t k = 0; k < p->axis; k++) {
                uint32_t at = (o * p->axis + (p->reverse ? p->axis - 1 - k : k)) * p->inner + i;
                int32_t x = (in[at] - p->in_zero_point) * (1 << 20), before = sum;
                sum = mg_wrap_add(sum, mg_requantize(x, p->in_multiplier, p->in_shift));
                int32_t y = mg_requantize(p->exclusive ? before : sum, p->out_multiplier, p->out_shift);
                out[at] = (int8_t)mg_clamp(mg_wrap_add(y, p->out_zero_point), INT8_MIN, INT8_MAX);
            }
        }
    }
}

/* 1 / sqrt(x) as multiplier * 2^(shift - 31). */
static int32_t inverse_sqrt(int32_t x, int32_t *shift) {
    int32_t right = 11;
    *shift = 0;
    if (x <= 1) {
        return INT32_MAX;
    }
    while (x >= 1 << 29) {
        x /= 4;
        right++;
    }
    uint32_t pairs = (mg_leading_zeros((uint32_t)x) - 1) / 2 - 1;
    right -= (int32_t)pairs;
    x = (x << 2 * pairs) >> 1;                  /* in Q3.28, as all that follows */
    int32_t half_x = (x + 1) >> 1, root = 1 << 28;
    for (int i = 0; i < 5; i++) {
        int32_t cube = mg_shift_left(mg_high_mul(mg_high_mul(root, root), root), 6);
        root = mg_shift_left(mg_high_mul((1 << 28) + (1 << 27), root) - mg_high_mul(half_x, cube), 3);
    }
    root = mg_high_mul(root, 1518500250); /* sqrt(2) / 2 */
    if (right < 0) {
        root = (int32_t)((uint32_t)root << -right);
        right = 0;
    }
    *shift = -right;
    return root;
}

bool mg_l2norm_check(const mg_check_t *check) {
    const mg_rows_params_t *p = &check->params.rows;
    if (p->depth > 1u << 15 || p->zero_point < INT8_MIN || p->zero_point > INT8_MAX) {
        return MG_REFUSE(check, "rows of too many elements", p->depth, 1u << 15);
    }
    return mg_check_signature(check, 1, MG_INT8, MG_INT8) && mg_check_elements(check, 0, mg_times(p->rows, p->depth))
           && mg_check_elements(check, 1, mg_times(p->rows, p->depth));
}

void mg_l2norm_run(const mg_call_t *call) {
    const mg_rows_params_t *p = &call->params.rows;
    const int8_t *x = call->in[0];
    int8_t *out = call->out[0];
    for (uint32_t r = 0; r < p->rows; r++, x += p->depth, out += p->depth) {
        int32_t sum = 0, shift;
        for (uint32_t i = 0; i < p->depth; i++) {
            sum += (x[i] - p->zero_point) * (x[i] - p->zero_point);
        }
        int32_t multiplier = inverse_sqrt(sum, &shift);
        for (uint32_t i = 0; i < p->depth; i++) {
            int32_t y = mg_requantize(x[i] - p->zero_point, multiplier, shift + 7);
            out[i] = (int8_t)mg_clamp(y, INT8_MIN, INT8_MAX);
        }
    }
}
