/* SPDX-License-Identifier: MIT
 *
 * LAGGED: how the axes of a movement go with one another, now and some samples later, int16 [samples n, columns] to
 * int16 [lags, axes, axes] in Q1.14.
 *
 *     y[l][i][j] = floor(2^14 * sum over t < n - lag of e_i(t) * e_j(t + lag) / E + 1/2)
 *     E = sum over all axes and samples of e^2 + floor(n * floor / 2^(2 s)),  y = 0 where E = 0
 *     e_i(t) = (x_i(t) - m_i + 2^(s-1)) >> s,  m_i = round(mean of x_i), halves up
 *
 * with the least s for which n * (the largest |e|)^2 stays below 2^31, so that a sum of products has 32 bits and two
 * products are one instruction where a core has it. `floor` is an energy a sample, in counts squared, that keeps what is
 * only noise small. The quotient is a product with 2^(b + 27) / E, rounded down, where b is the count of E's bits, 36 at most.
 */
#include "../../arithmetic/divide.h"
#include "../kernels.h"
#include "../../simd/simd.h"

#define MOST_SAMPLES 4096u
#define MOST_AXES 16
#define MOST_FLOOR ((1u << 22) - 1)

static uint32_t row_of(const mg_lagged_params_t *p) {
    return (p->samples + 1u) & ~1u; /* axes lie one after the other, each at a word */
}

bool mg_lagged_check(const mg_check_t *check) {
    const mg_lagged_params_t *p = &check->params.lagged;
    static const uint8_t DTYPES[] = {MG_INT16, MG_INT16};
    if (p->samples == 0 || p->samples > MOST_SAMPLES || p->axes == 0 || p->axes > MOST_AXES
        || mg_plus(p->first, p->axes) > p->columns || p->floor > MOST_FLOOR) {
        return MG_REFUSE(check, "correlations of impossible axes: axes", p->axes, p->columns);
    }
    if (!mg_check_tensors(check, 1, 1, DTYPES) || !mg_check_elements(check, 0, mg_times(p->samples, p->columns))
        || !mg_check_elements(check, 1, mg_times4(p->lags, p->axes, p->axes, 1))
        || !mg_check_data(check, p->lags_at, 2u * p->lags)) {
        return false;
    }
    for (uint32_t i = 0; i < p->lags; i++) {
        uint32_t lag = mg_load_u16(check->data + p->lags_at + 2 * i);
        if (lag >= p->samples) {
            return MG_REFUSE(check, "a lag beyond the last sample", lag, p->samples);
        }
    }
    return mg_check_scratch(check, 2 * p->axes * row_of(p));
}

/* The mean of an axis, and in *reach how far a value is from it at most. */
static int32_t centre_of(const int16_t *x, const mg_lagged_params_t *p, uint32_t *reach) {
    int32_t sum = 0, min = *x, max = *x;
    for (uint32_t i = p->samples; i != 0; i--, x += p->columns) {
        sum += *x;
        min = *x < min ? *x : min;
        max = *x > max ? *x : max;
    }
    uint32_t above = (uint32_t)(sum + (int32_t)(p->samples << 15)) + p->samples / 2;
    int32_t mean = (int32_t)(above / p->samples) - (1 << 15);
    uint32_t rise = (uint32_t)(max - mean), fall = (uint32_t)(mean - min);
    *reach = rise > *reach ? rise : *reach;
    *reach = fall > *reach ? fall : *reach;
    return mean;
}

/* Writes e of all axes; returns E. */
static uint64_t scaled(const mg_call_t *call, const int16_t *x) {
    const mg_lagged_params_t *p = &call->params.lagged;
    int16_t *e = call->scratch;
    int32_t mean[MOST_AXES];
    uint32_t reach = 0, s = 0;
    for (uint32_t i = 0; i < p->axes; i++) {
        mean[i] = centre_of(x + i, p, &reach);
    }
    while (mg_square((int32_t)((reach + ((1u << s) >> 1)) >> s)) * p->samples > INT32_MAX) {
        s++;
    }
    for (uint32_t i = 0; i < p->axes; i++, e += row_of(p)) {
        const int16_t *from = x + i;
        int32_t offset = (int32_t)((1u << s) >> 1) - mean[i];
        for (uint32_t t = 0; t < p->samples; t++, from += p->columns) {
            e[t] = (int16_t)((*from + offset) >> s);
        }
    }
    uint64_t energy = ((uint64_t)p->floor * p->samples) >> 2 * s;
    e = call->scratch;
    for (uint32_t i = 0; i < p->axes; i++, e += row_of(p)) {
        energy += (uint32_t)mg_dot_i16(e, e, p->samples);
    }
    return energy;
}

void mg_lagged_run(const mg_call_t *call) {
    const mg_lagged_params_t *p = &call->params.lagged;
    const int16_t *e = call->scratch;
    int16_t *out = call->out[0];
    uint64_t energy = scaled(call, (const int16_t *)call->in[0] + p->first);
    if (energy == 0) {
        memset(out, 0, call->out_size);
        return;
    }
    uint32_t bits = 64 - (uint32_t)__builtin_clzll(energy), shift = bits + 13;
    int32_t inverse = (int32_t)mg_divide(1ull << (bits + 27), energy); /* 2^28 at most */
    int64_t half = (int64_t)1 << (shift - 1);
    for (uint32_t l = 0; l < p->lags; l++) {
        uint32_t lag = mg_load_u16(call->data + p->lags_at + 2 * l);
        for (uint32_t i = 0; i < p->axes; i++) {
            for (uint32_t j = 0; j < p->axes; j++) {
                int32_t sum = mg_dot_i16(e + i * row_of(p), e + j * row_of(p) + lag, p->samples - lag);
                *out++ = (int16_t)(((int64_t)sum * inverse + half) >> shift);
            }
        }
    }
}
