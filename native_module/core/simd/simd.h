/* SPDX-License-Identifier: MIT
 *
 * The vector vocabulary that kernels are written in: operations of a few instructions, with the same names for every
 * instruction set. This is the only place that asks which core it is. Loops that do a whole stretch of a layer are
 * loops/loops.h's.
 *
 *   mg_dot(x, w, k)               sum over i < k of x[i] * w[i]                       (int8, int32)
 *   mg_dot4(sums, x, w, k)        the same for four rows of w, each k after the one before
 *   mg_dot_lanes(sums, x, x_step, w, w_step, n)
 *                                 four neighbours of n > 0 taps: sums[i] = sum over t < n of x[t * x_step + i] *
 *                                 w[t * w_step + i]
 *   mg_dot16(x, w, k)             the first with x of int16 and a sum of 64 bits
 *   mg_dot_f32(sum, x, w, k)      sum + x[0] * w[0] + x[1] * w[1] + ...; w at any address (float32)
 *
 *   mg_max4(a, b), mg_min4(a, b)  the larger, the smaller of each of four int8 in a word
 *   mg_add4(pairs, word)          pairs[0] += bytes 0 and 2 of a word, pairs[1] += bytes 1 and 3, as pairs of int16
 *
 *   mg_dot2(a, b, sum)            sum + both products of the int16 in two words
 *   mg_dot_i16(x, y, k)           sum over i < k of x[i] * y[i] of int16, which fits 32 bits, as does every part of it
 *   mg_square(x)                  x * x of 64 bits
 *   mg_add_product(sum, a, b)     sum + a * b of 64 bits, where the product fits 32 with its sign
 *   mg_add_square(sum, a)         sum + a * a of 64 bits, where the square fits 32 without one
 *
 *   mg_abs2(pair)                 the magnitudes of two int16 in a word; that of -32768 is 2^15
 *
 *   mg_wide_product(a, b)         a * b, uint32 to uint64
 *   mg_high_mul_twice(x, m)       x * m / 2^32, halves up: SQRDMULH of arithmetic/requantize.h for x twice a value
 *                                 below 2^30
 *   mg_scale_twice(x, multiplier, rounding, shift)
 *                                 arithmetic/requantize.h for x twice a value below 2^30 and a right shift of 1 to 31;
 *                                 rounding is 2^(shift - 1)
 *   mg_to_i8(x), mg_to_i16(x)     x saturated to int8, to int16
 *   mg_requantize_twice(x, multiplier, rounding, shift)
 *                                 arithmetic/requantize.h for x twice an accumulator below 2^30 and a right shift of 1
 *                                 to 22, zero point and rounding added in one, saturated to int8
 *   mg_requantize_short(x, ...)   the same for the accumulator itself
 *   mg_requantize_fine(x, fine, above)
 *                                 arithmetic/requantize.h for |x| < 2^28 and a right shift s of 1 to 22, with the zero
 *                                 point, saturated to int8. Twice what the first rounding gives, rounded down, is the
 *                                 high half of 4 x times the multiplier; both roundings and the zero point are 1 + 2^s
 *                                 + zero_point * 2^(s + 1) before a shift by s + 1. What makes halves go away from zero
 *                                 does not matter where no output is below the zero point
 *
 *   mg_sum_bins(sums, x, w, u, n) sums[0] += x[i] * w[i], sums[1] += x[i] * u[i] over i < n, weights below
 *                                 MG_SMALL_WEIGHT (uint32, uint16, uint64)
 *
 *   mg_complex_t                  a complex number whose parts are int16; what follows wraps at 16 bits, at the latest
 *                                 when it is stored
 *   mg_complex_load(p), mg_complex_store(p, c)
 *                                 two int16, the real part first
 *   mg_complex_scale(c, factor)   both parts times 0 <= factor < 2^14 in Q0.15, halves up
 *   mg_complex_times(a, b)        a * b in Q0.15, halves up; |b| <= 1
 *   mg_complex_add, _subtract, _add_i, _subtract_i(a, b)
 *                                 a + b, a - b, a + i b, a - i b
 *   mg_complex_conjugate(c), mg_complex_wrap(c)
 *                                 the parts of the latter wrapped at once
 *   mg_complex_mean(a, b), mg_complex_mirror_mean(a, b)
 *                                 (a + b) / 2 and the conjugate of (a - b) / 2, rounded down; parts are int16 before
 *   mg_complex_weigh(a, b, shift) the real parts' product and the imaginary parts', shifted and saturated to int16
 *   mg_complex_energy(c)          re^2 + im^2 (uint32)
 *
 * PCs, where MG_EIGHTS is defined:
 *   mg_dot_eight(sums, x, w, k)   mg_dot4 for eight rows of 16 taps or more
 *   mg_finish_eight(out, out_step, sums, sums_step, n, channels)
 *                                 eight outputs of n pixels from their sums: arithmetic/requantize.h for any multiplier
 *                                 and shift, with bias, zero point and activation
 *
 * MG_SIMD_NAME is the backend, as ops.def and ports/boards/ name it. MG_ISA_<name> is defined where loops/<name>/ can
 * be used, which takes the core itself; MG_SIMD_SCALAR forces the plain C version, for tests.
 */
#ifndef MG_SIMD_H
#define MG_SIMD_H

#include <stdbool.h>
#include <stdint.h>

#include "../arithmetic/product.h"
#include "../bytes.h"

/* What mg_finish_eight knows of eight channels: where their int32, int32 and int8 are, at any address, and the rest. */
typedef struct {
    const uint8_t *bias, *multiplier, *shift;
    int32_t zero_point, min, max;
} mg_eight_t;

#if defined(MG_SIMD_SCALAR)
#include "scalar.h"
#elif defined(__ARM_FEATURE_DSP) && defined(__ARM_FEATURE_SIMD32)
#ifdef __arm__
#define MG_ISA_ARMV7EM
#define MG_LONG_MULTIPLY /* 32 bits times 32, added to 64, is an instruction */
#endif
#ifdef __ARM_FEATURE_MVE /* Cortex-M55 and M85, which have the DSP instructions, too */
#define MG_ISA_MVE
#define MG_SIMD_NAME "mve"
#include "mve.h"
#endif
#include "armv7em.h"
#elif __ARM_ARCH_ISA_THUMB == 1
#define MG_ISA_ARMV6M
#include "armv6m.h"
#elif __ARM_ARCH_ISA_THUMB == 2 /* Cortex-M3 */
#ifdef __arm__
#define MG_ISA_ARMV7M
#define MG_LONG_MULTIPLY
#endif
#define MG_SIMD_NAME "armv7m"
#include "scalar.h"
#elif defined(__riscv_mul) && __riscv_xlen == 32 && !defined(__riscv_32e)
#ifdef __OPTIMIZE__ /* without, s0 is not free for the loops */
#define MG_ISA_RV32
#endif
#define MG_SIMD_NAME "rv32"
#include "scalar.h"
#elif defined(__XTENSA_WINDOWED_ABI__) && defined(MG_MAC16) /* ESP32 and S3, which compilers do not tell from the S2 */
#define MG_ISA_MAC16
#include "mac16.h"
#elif defined(__AVX2__)
#define MG_ISA_AVX2
#include "avx2.h"
#elif defined(__aarch64__)
#define MG_ISA_NEON
#include "neon.h"
#else
#include "scalar.h"
#endif

#ifdef MG_LONG_MULTIPLY
#define MG_LONG(type, x) ((type)(x))
#else
#define MG_LONG(type, x) (x)
#endif

static inline int64_t mg_add_product(int64_t sum, int32_t a, int32_t b) {
    return sum + MG_LONG(int64_t, a) * b;
}

#ifndef MG_OWN_SQUARE
static inline uint64_t mg_square(int32_t x) {
    return (uint64_t)((int64_t)x * x);
}
#endif

static inline uint64_t mg_add_square(uint64_t sum, uint32_t a) {
    return sum + MG_LONG(uint64_t, a) * a;
}

#ifdef MG_OWN_COMPLEX
#include "complex_armv7em.h"
#else
#include "complex_scalar.h"
#endif

#define MG_SMALL_WEIGHT (1u << 13)

#ifdef MG_LONG_MULTIPLY

static inline void mg_sum_bins(uint64_t sums[2], const uint32_t *x, const uint16_t *w, const uint16_t *u, uint32_t n) {
    uint64_t first = sums[0], second = sums[1];
    for (; n != 0; n--) {
        uint32_t bin = *x++;
        first += (uint64_t)*w++ * bin;
        second += (uint64_t)*u++ * bin;
    }
    sums[0] = first;
    sums[1] = second;
}

#else

/* By halves of a word: the products of a block of 13 bits times 16 have 32 bits in all. */
#define MG_BLOCK_OF_BINS 8u

#ifndef MG_OWN_BINS
/* n <= MG_BLOCK_OF_BINS; w and u times the lower halves and the upper ones. */
static inline void mg_sum_block(uint32_t sums[4], const uint32_t *x, const uint16_t *w, const uint16_t *u, uint32_t n) {
    uint32_t w_low = 0, w_high = 0, u_low = 0, u_high = 0;
    for (; n != 0; n--) {
        uint32_t bin = *x++, low = bin & 0xffffu, high = bin >> 16, rising = *w++, falling = *u++;
        w_low += rising * low;
        w_high += rising * high;
        u_low += falling * low;
        u_high += falling * high;
    }
    sums[0] = w_low;
    sums[1] = w_high;
    sums[2] = u_low;
    sums[3] = u_high;
}
#endif

static inline void mg_sum_bins(uint64_t sums[2], const uint32_t *x, const uint16_t *w, const uint16_t *u, uint32_t n) {
    while (n != 0) {
        uint32_t parts[4], block = n < MG_BLOCK_OF_BINS ? n : MG_BLOCK_OF_BINS;
        mg_sum_block(parts, x, w, u, block);
        sums[0] += ((uint64_t)parts[1] << 16) + parts[0];
        sums[1] += ((uint64_t)parts[3] << 16) + parts[2];
        n -= block;
        x += block;
        w += block;
        u += block;
    }
}

#endif

/* One chain, in the order of the reference, whose bits hybrid models depend on: there is nothing for vectors in it. */
static inline float mg_dot_f32(float sum, const float *x, const uint8_t *w, uint32_t k) {
#ifdef MG_ISA_MAC16
    if (mg_is_aligned(w, 4)) {
        return mg_dot_f32_words(sum, x, w, k);
    }
#endif
    for (; k > 0; k--, x++, w += 4) {
        sum += *x * mg_load_f32(w);
    }
    return sum;
}

/* The bytes of both halves of a word in the other order. */
static inline uint32_t mg_swap_bytes2(uint32_t word) {
#ifdef __arm__
    __asm__("rev16 %0, %0" : "+l"(word)); /* which GCC does not find */
    return word;
#else
    return (word >> 8 & 0x00ff00ffu) | (word & 0x00ff00ffu) << 8;
#endif
}

/* A number in a register, where Arm's instructions can shift the other operand. */
static inline uint32_t mg_keep(uint32_t number) {
    __asm__("" : "+r"(number));
    return number;
}

#ifndef MG_OWN_SHORT
static inline int32_t mg_requantize_short(int32_t x, int32_t multiplier, int32_t rounding, uint32_t shift) {
    return mg_requantize_twice((int32_t)((uint32_t)x << 1), multiplier, rounding, shift);
}
#endif

/* How mg_requantize_fine gets from a sum to an output. */
typedef struct {
    int32_t multiplier, rounding;
    uint32_t shift;
} mg_fine_t;

static inline __attribute__((always_inline)) int8_t mg_requantize_fine(int32_t x, const mg_fine_t *c, bool above) {
    uint32_t sum = (uint32_t)(mg_long_product((int32_t)((uint32_t)x << 2), c->multiplier) >> 32) + (uint32_t)c->rounding;
    int32_t y = (int32_t)(above ? sum : sum + ((uint32_t)(x >> 31) << 1)) >> (c->shift & 31u);
    return y == (int8_t)y ? (int8_t)y : (int8_t)(y >> 31 ^ INT8_MAX);
}

#endif
