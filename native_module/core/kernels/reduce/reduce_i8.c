/* SPDX-License-Identifier: MIT
 *
 * MEAN over any axes, int8.
 *
 *     y = clamp(zp_out + m * (sum of x over the reduced axes - count * zp_in))
 *
 * where m contains scale_in / scale_out / count. The sum is bounded by 2^7 * count, count <= 2^24. Each
 * element of the input is read once.
 * Source: TFLM's reduction kernel, for the way count enters the multiplier (the host does that).
 */
#include "../kernels.h"

bool mg_mean_check(const mg_check_t *check) {
    const mg_reduce_params_t *p = &check->params.reduce;
    if (!mg_check_signature(check, 1, MG_INT8, MG_INT8) || !mg_check_multiplier(check, p->multiplier, p->shift)
        || !mg_check_reduction(check)) {
        return false;
    }
    uint32_t reduced = mg_times4(p->reduce_dims[0], p->reduce_dims[1], p->reduce_dims[2], 1);
    return reduced <= 1u << 24 || MG_REFUSE(check, "a mean of too many elements", reduced, 1u << 24);
}

static int32_t reduced_sum(const mg_reduce_params_t *p, const int8_t *x) {
    int32_t sum = 0;
    for (uint32_t i = 0; i < p->reduce_dims[0]; i++) {
        for (uint32_t j = 0; j < p->reduce_dims[1]; j++) {
            const int8_t *v = x + i * p->reduce_stride[0] + j * p->reduce_stride[1];
            for (uint32_t k = 0; k < p->reduce_dims[2]; k++, v += p->reduce_stride[2]) {
                sum += *v;
            }
        }
    }
    return sum;
}

void mg_mean_run(const mg_call_t *call) {
    const mg_reduce_params_t *p = &call->params.reduce;
    const int8_t *x = call->in[0];
    int8_t *out = call->out[0];
    for (uint32_t i = 0; i < p->keep_dims[0]; i++) {
        for (uint32_t j = 0; j < p->keep_dims[1]; j++) {
            const int8_t *v = x + i * p->keep_stride[0] + j * p->keep_stride[1];
            for (uint32_t k = 0; k < p->keep_dims[2]; k++, v += p->keep_stride[2]) {
                int32_t sum = mg_wrap_add(reduced_sum(p, v), p->bias);
                int32_t y = mg_wrap_add(mg_requantize(sum, p->multiplier, p->shift), p->out_zero_point);
                *out++ = (int8_t)mg_clamp(y, INT8_MIN, INT8_MAX);
            }
        }
    }
}
