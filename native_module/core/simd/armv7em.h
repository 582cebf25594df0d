/* SPDX-License-Identifier: MIT
 *
 * Armv7E-M and Armv8-M DSP extension: Cortex-M4, M7, M33. Four int8 become two pairs of int16 with
 * SXTB16 (bytes 0 and 2) and SXTB16 of the rotated word (bytes 1 and 3); SMLAD multiplies a pair by
 * a pair and adds both products. These cores load words from any address.
 */
#include <arm_acle.h>

#include "../bytes.h"

#define MG_SIMD_NAME "armv7em"

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

static inline void mg_widen(int16_t *lanes, const int8_t *x, uint32_t k, uint32_t step) {
    int16x2_t *pairs = (int16x2_t *)(void *)lanes;
    const int8_t *end = x + (k & ~3u);
    for (; x != end; x += 4, pairs += 2 * step) {
        uint32_t word = mg_word(x);
        pairs[0] = mg_even(word);
        pairs[step] = mg_odd(word);
    }
    if ((k & 3u) != 0) {
        uint32_t word = 0;
        memcpy(&word, x, k & 3u);
        pairs[0] = mg_even(word);
        pairs[step] = mg_odd(word);
    }
}

/* Two int16 at any even address. */
static inline int16x2_t mg_pair_at(const int16_t *p) {
    return (int16x2_t)mg_load_u32((const uint8_t *)p);
}

/* Called with constant pairs and step, this unrolls, and each pair of values is loaded once. */
static inline void mg_dot_taps(int32_t sums[4], const int16_t *x, uint32_t line, const int16_t *taps, uint32_t rows,
                               uint32_t pairs, uint32_t step) {
    int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    do {
        for (uint32_t j = 0; j < 2 * pairs; j += 2) {
            int16x2_t w = mg_pair_at(taps + j);
            s0 = __smlad(mg_pair_at(x + j), w, s0);
            s1 = __smlad(mg_pair_at(x + step + j), w, s1);
            s2 = __smlad(mg_pair_at(x + 2 * step + j), w, s2);
            s3 = __smlad(mg_pair_at(x + 3 * step + j), w, s3);
        }
        x += line;
        taps += 2 * pairs;
    } while (--rows != 0);
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
}

#ifdef __arm__

/* Functions that are all assembly: their arguments are in r0 to r3. */
#define MG_NAKED __attribute__((naked, noinline, unused)) static void
#define MG_ARG __attribute__((unused))

/* r4-r7 the sums of channel 0, r8-r11 those of channel 1; r0, r3 their pairs of weights; r12, lr values
 * of two pixels; r1 weights, r2 lanes, [sp] the lanes' end. Thirteen instructions for 16 products. */
MG_NAKED mg_dot_2x4(MG_ARG int32_t sums[8], MG_ARG const int8_t *w, MG_ARG const int16_t *lanes,
                    MG_ARG uint32_t n) {
    __asm__("push {r0, r4-r11, lr}\n"
            "add r3, r2, r3, lsl #5\n"
            "push {r3}\n"
            "mov r4, #0\n mov r5, #0\n mov r6, #0\n mov r7, #0\n"
            "mov r8, #0\n mov r9, #0\n mov r10, #0\n mov r11, #0\n"
            "1:\n"
            ".rept 2\n"
            "ldr r0, [r1], #8\n"
            "ldrd r12, lr, [r2], #8\n"
            "sxtb16 r3, r0, ror #8\n"
            "sxtb16 r0, r0\n"
            "smlad r4, r0, r12, r4\n"
            "smlad r8, r3, r12, r8\n"
            "smlad r5, r0, lr, r5\n"
            "smlad r9, r3, lr, r9\n"
            "ldrd r12, lr, [r2], #8\n"
            "smlad r6, r0, r12, r6\n"
            "smlad r10, r3, r12, r10\n"
            "smlad r7, r0, lr, r7\n"
            "smlad r11, r3, lr, r11\n"
            ".endr\n"
            "ldr r12, [sp]\n"
            "cmp r2, r12\n"
            "bne 1b\n"
            "ldr r0, [sp, #4]\n"
            "stmia r0, {r4-r11}\n"
            "add sp, sp, #8\n"
            "pop {r4-r11, pc}\n");
}

/* r4-r7 the sums, r8, r9 two pairs of values, r10, r11 weights, r12 a pair of them, lr the weights' end. */
MG_NAKED mg_dot_4x1(MG_ARG int32_t sums[4], MG_ARG const int8_t *w, MG_ARG const int16_t *lane,
                    MG_ARG uint32_t n) {
    __asm__("push {r4-r11, lr}\n"
            "add lr, r1, r3, lsl #4\n"
            "mov r4, #0\n mov r5, #0\n mov r6, #0\n mov r7, #0\n"
            "1:\n"
            "ldrd r8, r9, [r2], #8\n"
            "ldr r10, [r1]\n"
            "ldr r11, [r1, #4]\n"
            "sxtb16 r12, r10\n"
            "smlad r4, r12, r8, r4\n"
            "sxtb16 r12, r10, ror #8\n"
            "smlad r5, r12, r8, r5\n"
            "sxtb16 r12, r11\n"
            "smlad r6, r12, r8, r6\n"
            "sxtb16 r12, r11, ror #8\n"
            "smlad r7, r12, r8, r7\n"
            "ldr r10, [r1, #8]\n"
            "ldr r11, [r1, #12]\n"
            "add r1, r1, #16\n"
            "sxtb16 r12, r10\n"
            "smlad r4, r12, r9, r4\n"
            "sxtb16 r12, r10, ror #8\n"
            "smlad r5, r12, r9, r5\n"
            "sxtb16 r12, r11\n"
            "smlad r6, r12, r9, r6\n"
            "sxtb16 r12, r11, ror #8\n"
            "smlad r7, r12, r9, r7\n"
            "cmp r1, lr\n"
            "bne 1b\n"
            "stmia r0, {r4-r7}\n"
            "pop {r4-r11, pc}\n");
}

static inline int32_t mg_requantize_short(int32_t x, int32_t multiplier, int32_t rounding, uint32_t shift) {
    int32_t high, y;
    __asm__("smmulr %0, %1, %2" : "=r"(high) : "r"((uint32_t)x << 1), "r"(multiplier));
    high = (int32_t)((uint32_t)high + (uint32_t)(high >> 31) + (uint32_t)rounding);
    __asm__("ssat %0, #8, %1" : "=r"(y) : "r"(high >> (shift & 31u)));
    return y;
}

#else /* the same with emulated intrinsics, for tests on the host */

static inline void mg_dot_2x4(int32_t sums[8], const int8_t *w, const int16_t *lanes, uint32_t n) {
    const int16x2_t *x = (const int16x2_t *)(const void *)lanes;
    for (uint32_t i = 0; i < 8; i++) {
        sums[i] = 0;
    }
    for (uint32_t i = 0; i < 2 * n; i++, w += 8, x += 4) {
        int16x2_t even = mg_even(mg_word(w)), odd = mg_odd(mg_word(w));
        for (uint32_t pixel = 0; pixel < 4; pixel++) {
            sums[pixel] = __smlad(even, x[pixel], sums[pixel]);
            sums[4 + pixel] = __smlad(odd, x[pixel], sums[4 + pixel]);
        }
    }
}

static inline void mg_dot_4x1(int32_t sums[4], const int8_t *w, const int16_t *lane, uint32_t n) {
    const int16x2_t *x = (const int16x2_t *)(const void *)lane;
    for (uint32_t i = 0; i < 4; i++) {
        sums[i] = 0;
    }
    for (uint32_t i = 0; i < 2 * n; i++, w += 8) {
        for (uint32_t c = 0; c < 4; c++) {
            uint32_t word = mg_word(w + (c >> 1) * 4);
            sums[c] = __smlad((c & 1u) != 0 ? mg_odd(word) : mg_even(word), x[i], sums[c]);
        }
    }
}

static inline int32_t mg_requantize_short(int32_t x, int32_t multiplier, int32_t rounding, uint32_t shift) {
    int32_t high = (int32_t)(((int64_t)x * multiplier + (1 << 30)) >> 31);
    int32_t y = (int32_t)((uint32_t)high + (uint32_t)(high >> 31) + (uint32_t)rounding) >> (shift & 31u);
    return y < INT8_MIN ? INT8_MIN : y > INT8_MAX ? INT8_MAX : y;
}

#endif
