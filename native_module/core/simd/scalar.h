/* SPDX-License-Identifier: MIT
 *
 * Plain C: Cortex-M0+, M3, RISC-V, Xtensa, and the host, whose compiler vectorises these loops.
 */
#ifndef MG_SIMD_NAME
#define MG_SIMD_NAME "scalar"
#endif

#include "portable.h"

static inline int32_t mg_dot2(uint32_t a, uint32_t b, int32_t sum) {
    return sum + (int16_t)a * (int16_t)b + ((int32_t)a >> 16) * ((int32_t)b >> 16);
}

static inline int32_t mg_dot_i16(const int16_t *x, const int16_t *y, uint32_t k) {
    int32_t sum = 0;
    for (const int16_t *end = x + k; x != end; x++, y++) {
        sum += *x * *y;
    }
    return sum;
}

#ifndef MG_OWN_DOT
static inline int32_t mg_dot(const int8_t *x, const int8_t *w, uint32_t k) {
    int32_t sum = 0;
    for (uint32_t i = 0; i < k; i++) {
        sum += x[i] * w[i];
    }
    return sum;
}
#endif

#ifndef MG_OWN_DOT4
static inline void mg_dot4(int32_t sums[4], const int8_t *x, const int8_t *w, uint32_t k) {
    const int8_t *w1 = w + k, *w2 = w1 + k, *w3 = w2 + k;
    int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (uint32_t i = 0; i < k; i++) {
        int32_t v = x[i];
        s0 += v * w[i];
        s1 += v * w1[i];
        s2 += v * w2[i];
        s3 += v * w3[i];
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
}
#endif

#ifndef MG_OWN_LANES
static inline void mg_dot_lanes(int32_t sums[4], const int8_t *x, uint32_t x_step, const int8_t *w, uint32_t w_step,
                                uint32_t n) {
    int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (; n != 0; n--, x += x_step, w += w_step) {
        s0 += x[0] * w[0];
        s1 += x[1] * w[1];
        s2 += x[2] * w[2];
        s3 += x[3] * w[3];
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
}
#endif

/* 256 products at a time stay below 2^31. */
static inline int64_t mg_dot16(const int16_t *x, const int8_t *w, uint32_t k) {
    int64_t sum = 0;
    while (k != 0) {
        uint32_t n = k < 256 ? k : 256;
        int32_t part = 0;
        for (uint32_t i = 0; i < n; i++) {
            part += x[i] * w[i];
        }
        sum += part;
        x += n;
        w += n;
        k -= n;
    }
    return sum;
}
