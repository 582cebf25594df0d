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
#define MG_OWN_COMPLEX

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

static inline uint32_t mg_abs2(uint32_t pair) {
    uint32_t y;
    __asm__("ssub16 %0, %1, %2\n\tsel %0, %0, %2" : "=&r"(y) : "r"(0), "r"(pair));
    return y;
}

static inline void mg_add4(uint32_t pairs[2], uint32_t word) {
    __asm__("sxtab16 %0, %0, %1" : "+r"(pairs[0]) : "r"(word));
    __asm__("sxtab16 %0, %0, %1, ror #8" : "+r"(pairs[1]) : "r"(word));
}

static inline uint64_t mg_wide_product(uint32_t a, uint32_t b) {
    return (uint64_t)a * b;
}

static inline int32_t mg_high_mul_twice(int32_t x, int32_t m) {
    int32_t high;
    __asm__("smmulr %0, %1, %2" : "=r"(high) : "r"(x), "r"(m));
    return high;
}

static inline int32_t mg_scale_twice(int32_t x, int32_t multiplier, int32_t rounding, uint32_t shift) {
    int32_t y;
    uint32_t rounded = (uint32_t)rounding + (uint32_t)(x >> 31);
    __asm__("smmlar %0, %1, %2, %3" : "=r"(y) : "r"(x), "r"(multiplier), "r"(rounded));
    return y >> (shift & 31u);
}

static inline int32_t mg_to_i8(int32_t x) {
    int32_t y;
    __asm__("ssat %0, #8, %1" : "=r"(y) : "r"(x));
    return y;
}

static inline int32_t mg_requantize_twice(int32_t x, int32_t multiplier, int32_t rounding, uint32_t shift) {
    return mg_to_i8(mg_scale_twice(x, multiplier, rounding, shift));
}

static inline int32_t mg_to_i16(int32_t x) {
    int32_t y;
    __asm__("ssat %0, #16, %1" : "=r"(y) : "r"(x));
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

#ifndef MG_OWN_DOT
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

/* Four taps of row i. */
#define MG_ROW_OF_FOUR(load, sum) \
    "ldr %[a], " load "\n" \
    "sxtb16 %[b], %[a]\n" \
    "smlad " sum ", %[b], %[even], " sum "\n" \
    "sxtb16 %[a], %[a], ror #8\n" \
    "smlad " sum ", %[a], %[odd], " sum "\n"

static inline void mg_dot4(int32_t sums[4], const int8_t *x, const int8_t *w, uint32_t k) {
    const int8_t *w3 = w + 3 * k;
    const int8_t *end = x + (k & ~3u);
    int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
#ifdef __arm__ /* left to itself, the compiler keeps some of this on the stack */
    if (x != end) {
        uint32_t even, odd, a, b;
        __asm__("1:\n"
                "ldr %[odd], [%[x]], #4\n"
                "sxtb16 %[even], %[odd]\n"
                "sxtb16 %[odd], %[odd], ror #8\n"
                MG_ROW_OF_FOUR("[%[w], %[k]]", "%[s1]")
                MG_ROW_OF_FOUR("[%[w], %[k], lsl #1]", "%[s2]")
                MG_ROW_OF_FOUR("[%[w]], #4", "%[s0]")
                MG_ROW_OF_FOUR("[%[w3]], #4", "%[s3]")
                "ldr %[a], %[end]\n"
                "cmp %[x], %[a]\n"
                "bne 1b\n"
                : [x] "+r"(x), [w] "+r"(w), [w3] "+r"(w3), [s0] "+r"(s0), [s1] "+r"(s1), [s2] "+r"(s2), [s3] "+r"(s3),
                  [even] "=&r"(even), [odd] "=&r"(odd), [a] "=&r"(a), [b] "=&r"(b)
                : [k] "r"(k), [end] "m"(end)
                : "cc", "memory");
    }
#else
    for (; x != end; x += 4, w += 4, w3 += 4) {
        const uint32_t v = mg_word(x), row[4] = {mg_word(w), mg_word(w + k), mg_word(w + 2 * k), mg_word(w3)};
        s0 = __smlad(mg_odd(row[0]), mg_odd(v), __smlad(mg_even(row[0]), mg_even(v), s0));
        s1 = __smlad(mg_odd(row[1]), mg_odd(v), __smlad(mg_even(row[1]), mg_even(v), s1));
        s2 = __smlad(mg_odd(row[2]), mg_odd(v), __smlad(mg_even(row[2]), mg_even(v), s2));
        s3 = __smlad(mg_odd(row[3]), mg_odd(v), __smlad(mg_even(row[3]), mg_even(v), s3));
    }
#endif
    for (uint32_t i = 0; i < (k & 3u); i++) {
        s0 += x[i] * w[i];
        s1 += x[i] * w[k + i];
        s2 += x[i] * w[2 * k + i];
        s3 += x[i] * w3[i];
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
}
#endif

/* A word of x and a word of w are four products, each of its own sum. */
static inline void mg_add_lanes(int32_t sums[4], uint32_t x, uint32_t w) {
    int16x2_t x_even = mg_even(x), w_even = mg_even(w), x_odd = mg_odd(x), w_odd = mg_odd(w);
    sums[0] = __smlabb(x_even, w_even, sums[0]);
    sums[2] = __smlatt(x_even, w_even, sums[2]);
    sums[1] = __smlabb(x_odd, w_odd, sums[1]);
    sums[3] = __smlatt(x_odd, w_odd, sums[3]);
}

static inline void mg_dot_lanes(int32_t sums[4], const int8_t *x, uint32_t x_step, const int8_t *w, uint32_t w_step,
                                uint32_t n) {
    int32_t s[4] = {0, 0, 0, 0}; /* in registers, unlike sums */
    if ((n & 1u) != 0) {
        mg_add_lanes(s, mg_word(x), mg_word(w));
        x += x_step;
        w += w_step;
    }
    for (n /= 2; n != 0; n--, x += 2 * x_step, w += 2 * w_step) {
        mg_add_lanes(s, mg_word(x), mg_word(w));
        mg_add_lanes(s, mg_word(x + x_step), mg_word(w + w_step));
    }
    memcpy(sums, s, sizeof s);
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
