/* SPDX-License-Identifier: MIT
 *
 * MATMUL, int8: BATCH_MATMUL, and FULLY_CONNECTED of weights that are worked out while running.
 *
 *     y[n,i,j] = clamp(zp_y + m * (bias[j] + sum over k of (a[n,i,k] - zp_a) * (b[n,k,j] - zp_b)))
 *
 * a and b are read by strides, so that either may be transposed; batches are broadcast by strides of 0.
 * bias is the optional third input, int32. The accumulator stays below 2^31 for depths up to 2^15; the
 * bias may wrap it, as in TFLM. Source: TFLM's batch_matmul and fully_connected kernels.
 */
#include "../../simd/simd.h"
#include "../kernels.h"

bool mg_matmul_check(const mg_check_t *check) {
    const mg_matmul_params_t *p = &check->params.matmul;
    const mg_tensor_t *t = check->tensors;
    uint32_t n = check->n_inputs;
    if (n != 2u + (p->has_bias != 0) || check->n_outputs != 1 || t[0].dtype != MG_INT8 || t[1].dtype != MG_INT8
        || t[n].dtype != MG_INT8 || (n == 3 && t[2].dtype != MG_INT32)) {
        return MG_REFUSE(check, "a tensor of the wrong dtype", t[0].dtype, MG_INT8);
    }
    if (p->depth > 1u << 15) {
        return MG_REFUSE(check, "a product of too many terms", p->depth, 1u << 15);
    }
    return mg_check_product(check) && mg_check_multiplier(check, p->multiplier, p->shift)
           && (n == 2 || mg_check_elements(check, 2, p->columns));
}

static int32_t product(const mg_matmul_params_t *p, const int8_t *a, const int8_t *b) {
    int32_t sum = 0;
    if (p->a_step == 1 && p->b_step == 1 && p->a_zero_point == 0 && p->b_zero_point == 0) {
        return mg_dot(a, b, p->depth);
    }
    for (uint32_t k = 0; k < p->depth; k++, a += p->a_step, b += p->b_step) {
        sum += (*a - p->a_zero_point) * (*b - p->b_zero_point);
    }
    return sum;
}

void mg_matmul_run(const mg_call_t *call) {
    const mg_matmul_params_t *p = &call->params.matmul;
    const uint32_t batches = p->batches[0] * p->batches[1] * p->batches[2];
    const uint8_t *bias = p->has_bias ? call->in[2] : NULL;
    int8_t *out = call->out[0];
    for (uint32_t n = 0; n < batches; n++) {
        uint32_t i2 = n % p->batches[2], rest = n / p->batches[2];
        uint32_t i1 = rest % p->batches[1], i0 = rest / p->batches[1];
        const int8_t *a = (const int8_t *)call->in[0] + i0 * p->a_batch[0] + i1 * p->a_batch[1] + i2 * p->a_batch[2];
        const int8_t *b = (const int8_t *)call->in[1] + i0 * p->b_batch[0] + i1 * p->b_batch[1] + i2 * p->b_batch[2];
        for (uint32_t i = 0; i < p->rows; i++, a += p->a_row) {
            for (uint32_t j = 0; j < p->columns; j++) {
                int32_t sum = product(p, a, b + j * p->b_column);
                sum = mg_wrap_add(sum, bias != NULL ? mg_load_i32(bias + 4 * j) : 0);
                int32_t y = mg_wrap_add(mg_requantize(sum, p->multiplier, p->shift), p->out_zero_point);
                *out++ = (int8_t)mg_clamp(y, p->act_min, p->act_max);
            }
        }
    }
}
