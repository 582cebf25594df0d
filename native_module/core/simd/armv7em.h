/* SPDX-License-Identifier: MIT
 *
 * Armv7E-M and Armv8-M DSP extension: Cortex-M4, M7, M33. Four int8 become two pairs of int16 with
 * SXTB16 (bytes 0 and 2) and SXTB16 of the rotated word (bytes 1 and 3); SMLAD multiplies a pair by
 * a pair and adds both products. These cores load words from any address.
 */
#include <arm_acle.h>

#include "../bytes.h"

#ifndef MG_SIMD_NAME
#define MG_SIMD_NAME "armv7em"
#endif

static inline int16x2_t mg_even(uint32_t word) {
    return __sxtb16((int8x4_t)word);
}

static inline int16x2_t mg_odd(uint32_t word) {
#ifdef __arm__
    int16x2_t pair; /* GCC 12 does not find the form that rotates as well */
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(pair) : "r"(word));
    return pair;
#else
    return __sxtb16((int8x4_t)(word >> 8 | word << 24));
#endif
}

static inline uint32_t mg_word(const int8_t *p) {
    return mg_load_u32((const uint8_t *)p);
}

#ifdef __arm__

static inline uint32_t mg_max4(uint32_t a, uint32_t b) {
    uint32_t y;
    __asm__("ssub8 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(y) : "r"(a), "r"(b));
    return y;
}

static inline uint32_t mg_min4(uint32_t a, uint32_t b) {
    uint32_t y;
    __asm__("ssub8 %0, %1, %2\n\tsel %0, %2, %1" : "=&r"(y) : "r"(a), "r"(b));
    return y;
}

static inline void mg_add4(uint32_t pairs[2], uint32_t word) {
    __asm__("sxtab16 %0, %0, %1" : "+r"(pairs[0]) : "r"(word));
    __asm__("sxtab16 %0, %0, %1, ror #8" : "+r"(pairs[1]) : "r"(word));
}

static inline int32_t mg_high_mul_twice(int32_t x, int32_t m) {
    int32_t high;
    __asm__("smmulr %0, %1, %2" : "=r"(high) : "r"(x), "r"(m));
    return high;
}

static inline int32_t mg_requantize_twice(int32_t x, int32_t multiplier, int32_t rounding, uint32_t shift) {
    int32_t y;
    uint32_t rounded = (uint32_t)rounding + (uint32_t)(x >> 31);
    __asm__("smmlar %0, %1, %2, %3" : "=r"(y) : "r"(x), "r"(multiplier), "r"(rounded));
    __asm__("ssat %0, #8, %1" : "=r"(y) : "r"(y >> (shift & 31u)));
    return y;
}

#else /* on the host, for tests */
#include "portable.h"
#endif

static inline int32_t mg_dot2(uint32_t a, uint32_t b, int32_t sum) {
    return __smlad((int16x2_t)a, (int16x2_t)b, sum);
}

static inline int32_t mg_dot_i16(const int16_t *x, const int16_t *y, uint32_t k) {
    int32_t sum = 0;
    for (const int16_t *end = x + (k & ~3u); x != end; x += 4, y += 4) {
        const uint8_t *a = (const uint8_t *)x, *b = (const uint8_t *)y;
        sum = mg_dot2(mg_load_u32(a), mg_load_u32(b), sum);
        sum = mg_dot2(mg_load_u32(a + 4), mg_load_u32(b + 4), sum);
    }
    for (uint32_t i = 0; i < (k & 3u); i++) {
        sum += x[i] * y[i];
    }
    return sum;
}

static inline int32_t mg_dot(const int8_t *x, const int8_t *w, uint32_t k) {
    int32_t sum = 0;
    uint32_t i = 0;
    for (; i + 4 <= k; i += 4) {
        uint32_t a = mg_word(x + i), b = mg_word(w + i);
        sum = __smlad(mg_even(a), mg_even(b), sum);
        sum = __smlad(mg_odd(a), mg_odd(b), sum);
    }
    for (; i < k; i++) {
        sum += x[i] * w[i];
    }
    return sum;
}

static inline void mg_dot4(int32_t sums[4], const int8_t *x, const int8_t *w, uint32_t k) {
    const int8_t *w1 = w + k, *w2 = w1 + k, *w3 = w2 + k;
    const int8_t *end = x + (k & ~3u);
    int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    while (x != end) {
        uint32_t v = mg_word(x), a = mg_word(w), b = mg_word(w1), c = mg_word(w2), d = mg_word(w3);
        int16x2_t even = mg_even(v), odd = mg_odd(v);
        s0 = __smlad(mg_odd(a), odd, __smlad(mg_even(a), even, s0));
        s1 = __smlad(mg_odd(b), odd, __smlad(mg_even(b), even, s1));
        s2 = __smlad(mg_odd(c), odd, __smlad(mg_even(c), even, s2));
        s3 = __smlad(mg_odd(d), odd, __smlad(mg_even(d), even, s3));
        x += 4;
        w += 4;
        w1 += 4;
        w2 += 4;
        w3 += 4;
    }
    for (uint32_t i = 0; i < (k & 3u); i++) {
        s0 += x[i] * w[i];
        s1 += x[i] * w1[i];
        s2 += x[i] * w2[i];
        s3 += x[i] * w3[i];
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
}

/* SMLALD adds both products of a pair to 64 bits; x is brought into the order of SXTB16. */
static inline int64_t mg_dot16(const int16_t *x, const int8_t *w, uint32_t k) {
    int64_t sum = 0;
    uint32_t i = 0;
    for (; i + 4 <= k; i += 4) {
        uint32_t low = mg_load_u32((const uint8_t *)(x + i)), high = mg_load_u32((const uint8_t *)(x + i + 2));
        uint32_t word = mg_word(w + i);
        sum = __smlald((int16x2_t)((low & 0xffffu) | high << 16), mg_even(word), sum);
        sum = __smlald((int16x2_t)(low >> 16 | (high & 0xffff0000u)), mg_odd(word), sum);
    }
    for (; i < k; i++) {
        sum += x[i] * w[i];
    }
    return sum;
}
