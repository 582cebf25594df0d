/* SPDX-License-Identifier: MIT
 *
 * MATMUL_I16: BATCH_MATMUL of two int16 tensors with zero point 0.
 *
 *     y[n,i,j] = clamp(m * sum over k of a[n,i,k] * b[n,k,j])
 *
 * either operand transposed and batches broadcast by their strides. The sum is exact in 64 bits (2^30
 * a term). Rounding: arithmetic/wide.h. Source: TFLM's kernel for BATCH_MATMUL.
 */
#include "../../arithmetic/wide.h"
#include "../kernels.h"

bool mg_matmul_i16_check(const mg_check_t *check) {
    const mg_matmul_i16_params_t *p = &check->params.matmul_i16;
    if (!mg_check_signature(check, 2, MG_INT16, MG_INT16) || !mg_check_multiplier(check, p->multiplier, p->shift)) {
        return false;
    }
    if (p->depth == 0 || p->depth > INT32_MAX || p->shift > 14) {
        return MG_REFUSE(check, "an impossible depth or shift in a product: depth", p->depth, 1);
    }
    if (p->depth > check->tensors[0].size) { /* bounds the work of strides of 0 */
        return MG_REFUSE(check, "an impossible depth in a product", p->depth, check->tensors[0].size);
    }
    return mg_check_product(check);
}

static void product(const mg_matmul_i16_params_t *p, const uint8_t *a, const uint8_t *b, int16_t *out) {
    for (uint32_t i = 0; i < p->rows; i++) {
        for (uint32_t j = 0; j < p->columns; j++) {
            const uint8_t *x = a + 2 * i * p->a_row, *w = b + 2 * j * p->b_column;
            int64_t sum = 0;
            for (uint32_t k = 0; k < p->depth; k++, x += 2 * p->a_step, w += 2 * p->b_step) {
                sum += mg_load_i16(x) * mg_load_i16(w);
            }
            *out++ = (int16_t)mg_saturate_i16(mg_requantize_i64(sum, p->multiplier, p->shift));
        }
    }
}

void mg_matmul_i16_run(const mg_call_t *call) {
    const mg_matmul_i16_params_t *p = &call->params.matmul_i16;
    int16_t *out = call->out[0];
    for (uint32_t i = 0; i < p->batch[0]; i++) {
        for (uint32_t j = 0; j < p->batch[1]; j++) {
            for (uint32_t k = 0; k < p->batch[2]; k++, out += p->rows * p->columns) {
                const uint8_t *a = call->in[0], *b = call->in[1];
                a += 2 * (i * p->a_batch[0] + j * p->a_batch[1] + k * p->a_batch[2]);
                b += 2 * (i * p->b_batch[0] + j * p->b_batch[1] + k * p->b_batch[2]);
                product(p, a, b, out);
            }
        }
    }
}
