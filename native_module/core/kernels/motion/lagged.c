/* SPDX-License-Identifier: MIT
 *
 * LAGGED: how the axes of a movement go along with themselves and with one another some samples later, int16
 * [samples n, columns] to int16 [lags][axes][axes] in Q1.14: which strokes follow upon which, wherever in the window
 * they are and however strong.
 *
 *     y[L][i][j] = sum over t < n - L of d_i(t) d_j(t + L), over E = sum over i and t of d_i(t)^2 + n * floor^2
 *
 * with d the deviations from the means of the axes, the columns `first` to first + axes - 1. A movement far below
 * `floor`, in counts, gives zeros. In integers:
 *
 *     m_i = floor((sum of x_i + floor(n / 2)) / n);  e_i = (x_i - m_i + (2^s >> 1)) >> s with the least s for which no
 *     |e| exceeds 1023;  E = sum of e^2 + floor(n * floor^2 / 4^s);  k the least shift for which E >> k has 16 bits
 *     y = trunc(2^14 * (sum of e_i e_j >> k) / (E >> k)), 0 where E >> k is 0
 *
 * Bounds, for n <= 2047: sums of products stay below 1023^2 * 2047 < 2^31, and what is divided below 2^17 * 2^14.
 * By Cauchy and Schwarz no sum of products exceeds E, so |y| <= 2^14 + 1.
 *
 * Source: cross-covariances of Box and Jenkins, Time Series Analysis, chapter 12, over the energy of all axes.
 */
#include "../kernels.h"
#include "../../simd/simd.h"

#include <string.h>

#define MOST_SAMPLES 2047u
#define MOST_AXES 16u
#define REACH 1023

bool mg_lagged_check(const mg_check_t *check) {
    const mg_lagged_params_t *p = &check->params.lagged;
    static const uint8_t DTYPES[] = {MG_INT16, MG_INT16};
    if (p->samples < 2 || p->samples > MOST_SAMPLES || p->lags == 0) {
        return MG_REFUSE(check, "lags of too few or too many samples", p->samples, MOST_SAMPLES);
    }
    if (p->axes == 0 || p->axes > MOST_AXES || mg_plus(p->first, p->axes) > p->columns) {
        return MG_REFUSE(check, "lags of impossible axes: axes", p->axes, p->columns);
    }
    if (!mg_check_tensors(check, 1, 1, DTYPES) || !mg_check_elements(check, 0, mg_times(p->samples, p->columns))
        || !mg_check_elements(check, 1, mg_times4(p->lags, p->axes, p->axes, 1))
        || !mg_check_data(check, p->lags_at, mg_times(2, p->lags))) {
        return false;
    }
    for (uint32_t i = 0; i < p->lags; i++) {
        uint32_t lag = mg_load_u16(check->data + p->lags_at + 2 * i);
        if (lag >= p->samples) {
            return MG_REFUSE(check, "a lag as long as the window", lag, p->samples);
        }
    }
    return mg_check_scratch(check, mg_times4(8, p->samples / 2u + 1, p->axes, 1));
}

/* Of one axis: its mean, and how far it goes from it. */
static int32_t mean_of(const int16_t *x, uint32_t stride, uint32_t n, int32_t *reach) {
    int32_t sum = 0, min = *x, max = *x;
    for (uint32_t t = 0; t < n; t++, x += stride) {
        int32_t v = *x;
        sum += v;
        min = v < min ? v : min;
        max = v > max ? v : max;
    }
    /* of values + 2^15, none of which is negative */
    int32_t mean = (int32_t)(((uint32_t)(sum + (int32_t)(n << 15)) + n / 2) / n) - (1 << 15);
    *reach = max - mean > *reach ? max - mean : *reach;
    *reach = mean - min > *reach ? mean - min : *reach;
    return mean;
}

/* Sums of products of one series with three others, all at whole words; what follows their ends is 0. */
static void products(const uint32_t *a, const uint32_t *b, uint32_t apart, uint32_t words, int32_t sums[3]) {
    const uint32_t *c = b + apart, *d = c + apart;
    int32_t first = 0, second = 0, third = 0;
    for (; words != 0; words--) {
        uint32_t v = *a++;
        first = mg_dot2(v, *b++, first);
        second = mg_dot2(v, *c++, second);
        third = mg_dot2(v, *d++, third);
    }
    sums[0] = first;
    sums[1] = second;
    sums[2] = third;
}

static int32_t product(const uint32_t *a, const uint32_t *b, uint32_t words) {
    int32_t sum = 0;
    for (; words != 0; words--) {
        sum = mg_dot2(*a++, *b++, sum);
    }
    return sum;
}

/* Words of the deviations of one axis, of which at least the last 16 bits are 0. */
static uint32_t words_of(const mg_lagged_params_t *p) {
    return p->samples / 2u + 1;
}

/* Writes the deviations of all axes, one axis after the other, then once more without the first of each, so that odd
 * lags begin at words, too. Returns E. */
static uint64_t deviations(const mg_lagged_params_t *p, const int16_t *x, uint32_t *words) {
    uint32_t n = p->samples, width = words_of(p), s = 0;
    int32_t means[MOST_AXES], reach = 0;
    x += p->first;
    for (uint32_t i = 0; i < p->axes; i++) {
        means[i] = mean_of(x + i, p->columns, n, &reach);
    }
    while ((reach + ((1 << s) >> 1)) >> s > REACH) {
        s++;
    }
    uint64_t energy = ((uint64_t)n * p->floor * p->floor) >> (2 * s);
    memset(words, 0, 8 * width * p->axes);
    for (uint32_t i = 0; i < p->axes; i++, words += width) {
        int16_t *e = (int16_t *)(void *)words, *later = e + 2 * width * p->axes;
        const int16_t *from = x + i;
        int32_t add = ((1 << s) >> 1) - means[i];
        for (uint32_t t = 0; t < n; t++, from += p->columns) {
            e[t] = (int16_t)((*from + add) >> s);
        }
        memcpy(later, e + 1, 2 * (n - 1));
        energy += (uint32_t)product(words, words, width);
    }
    return energy;
}

void mg_lagged_run(const mg_call_t *call) {
    const mg_lagged_params_t *p = &call->params.lagged;
    const uint8_t *lags = call->data + p->lags_at;
    uint32_t *words = call->scratch, axes = p->axes, width = words_of(p), k = 0;
    int16_t *out = call->out[0];
    uint64_t energy = deviations(p, call->in[0], words);
    while (energy >> k > 0xFFFF) {
        k++;
    }
    int32_t over = (int32_t)(energy >> k);
    for (uint32_t l = 0; l < p->lags; l++) {
        uint32_t lag = mg_load_u16(lags + 2 * l);
        const uint32_t *later = words + (lag % 2 != 0 ? width * axes : 0) + lag / 2;
        for (uint32_t i = 0; i < axes; i++) {
            uint32_t together = (p->samples - lag + 1) / 2;
            for (uint32_t j = 0; j < axes;) {
                const uint32_t *a = words + i * width, *b = later + j * width;
                int32_t sums[3];
                uint32_t at_once = axes - j >= 3 ? 3 : 1;
                if (at_once == 3) {
                    products(a, b, width, together, sums);
                } else {
                    sums[0] = product(a, b, together);
                }
                for (uint32_t w = 0; w < at_once; w++) {
                    *out++ = (int16_t)(over == 0 ? 0 : (sums[w] >> k) * (1 << 14) / over);
                }
                j += at_once;
            }
        }
    }
}
