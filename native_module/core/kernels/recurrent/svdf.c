/* SPDX-License-Identifier: MIT
 *
 * SVDF: a fully connected layer over time, factorised into features and their recent past.
 *
 *     f[r]       = zp_s + clamp(m * (b[r] + sum over i of F[r,i] * x[i]))     for each filter r
 *     state[r]   = state[r] one step back, f[r] behind it
 *     y[u]       = clamp(zp_y + n * (c[u] + sum over rank filters r of u, over j of T[r,j] * state[r,j]))
 *
 * x [batches, inputs] int8, y [batches, filters / rank] int8, state [batches, filters, memory] int8 or
 * int16, as T is. Zero points are folded into b and c; sums are taken modulo 2^32. A feature that
 * saturates wraps where zp_s is added, as in the TFLM of PyPI (later sources clamp behind the sum).
 * Rounding: arithmetic/requantize.h. Source: Nakkiran et al., "Compressing Deep Neural Networks using a
 * Rank-Constrained Topology" (2015); TFLM's SVDF kernel for the order of roundings.
 */
#include "../../simd/simd.h"
#include "../../arithmetic/wide.h"
#include "../kernels.h"

bool mg_svdf_check(const mg_check_t *check) {
    const mg_svdf_params_t *p = &check->params.svdf;
    uint32_t state = p->state_size == 1 ? MG_INT8 : MG_INT16;
    if (check->n_inputs != 1 || check->n_outputs != 2 || check->tensors[0].dtype != MG_INT8
        || check->tensors[1].dtype != MG_INT8 || check->tensors[2].dtype != state) {
        return MG_REFUSE(check, "a tensor of the wrong dtype", check->tensors[0].dtype, MG_INT8);
    }
    if (p->rank == 0 || p->memory == 0 || p->filters == 0 || p->filters % p->rank != 0
        || (p->state_size != 1 && p->state_size != 2)) {
        return MG_REFUSE(check, "filters that do not divide into ranks", p->filters, p->rank);
    }
    uint32_t filters = p->filters, past = mg_times(filters, p->memory), units = p->filters / p->rank;
    return mg_check_elements(check, 0, mg_times(p->batches, p->inputs))
           && mg_check_elements(check, 1, mg_times(p->batches, units))
           && mg_check_elements(check, 2, mg_times(p->batches, past))
           && mg_check_data(check, p->feature_at, mg_times(filters, p->inputs))
           && mg_check_data(check, p->time_at, mg_times(past, p->state_size))
           && mg_check_data(check, p->biases_at, mg_times(4, filters + units))
           && mg_check_multiplier(check, p->feature_multiplier, p->feature_shift)
           && mg_check_multiplier(check, p->out_multiplier, p->out_shift);
}

static int32_t state_value(const mg_svdf_params_t *p, const uint8_t *at) {
    return p->state_size == 1 ? (int8_t)*at : mg_load_i16(at);
}

/* Moves a filter's past one step back, appends the newest feature, weighs it all. */
static uint32_t run_filter(const mg_svdf_params_t *p, uint8_t *past, int32_t newest, const uint8_t *time) {
    uint32_t size = p->state_size, last = (p->memory - 1u) * size, sum = 0;
    memmove(past, past + size, last);
    memcpy(past + last, &newest, size); /* little-endian: the low bytes */
    for (uint32_t i = 0; i <= last; i += size) {
        sum += (uint32_t)(state_value(p, past + i) * state_value(p, time + i));
    }
    return sum;
}

void mg_svdf_run(const mg_call_t *call) {
    const mg_svdf_params_t *p = &call->params.svdf;
    const uint8_t *biases = call->data + p->biases_at;
    const int8_t *x = call->in[0];
    int8_t *out = call->out[0];
    uint8_t *past = call->out[1];
    int32_t low = p->state_size == 1 ? INT8_MIN : INT16_MIN, high = p->state_size == 1 ? INT8_MAX : INT16_MAX;
    for (uint32_t n = 0; n < p->batches; n++, x += p->inputs) {
        const int8_t *features = (const int8_t *)call->data + p->feature_at;
        const uint8_t *time = call->data + p->time_at;
        uint32_t sum = 0;
        for (uint32_t r = 0, of_rank = 0; r < p->filters; r++, features += p->inputs) {
            int32_t f = mg_wrap_add(mg_dot(x, features, p->inputs), mg_load_i32(biases + 4 * r));
            f = mg_requantize_call(f, p->feature_multiplier, p->feature_shift);
            sum += run_filter(p, past, mg_clamp(f, low, high) + p->state_zero_point, time);
            past += p->memory * p->state_size;
            time += p->memory * p->state_size;
            if (++of_rank == p->rank) {
                sum += mg_load_u32(biases + 4 * (p->filters + r / p->rank));
                int32_t y = mg_requantize_call((int32_t)sum, p->out_multiplier, p->out_shift);
                *out++ = (int8_t)mg_clamp(mg_wrap_add(y, p->out_zero_point), INT8_MIN, INT8_MAX);
                sum = of_rank = 0;
            }
        }
    }
}
