/* SPDX-License-Identifier: MIT
 *
 * The vector vocabulary that kernels are written in: operations of a few instructions, with the same names for every
 * instruction set. This is the only place that asks which core it is. Loops that do a whole stretch of a layer are
 * loops/loops.h's.
 *
 *   mg_dot(x, w, k)               sum over i < k of x[i] * w[i]                       (int8, int32)
 *   mg_dot4(sums, x, w, k)        the same for four rows of w, each k after the one before
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
 *   mg_high_mul_twice(x, m)       x * m / 2^32, halves up: SQRDMULH of arithmetic/requantize.h for x twice a value
 *                                 below 2^30
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
 * MG_DIVIDES is 1 on cores that divide in an instruction. MG_SIMD_NAME is the backend, as ops.def and ports/boards/ name it. MG_ISA_<name> is defined where loops/<name>/ can
 * be used, which takes the core itself; MG_SIMD_SCALAR forces the plain C version, for tests.
 */
#ifndef MG_SIMD_H
#define MG_SIMD_H

#include <stdbool.h>
#include <stdint.h>

#include "../bytes.h"

#if defined(MG_SIMD_SCALAR)
#include "scalar.h"
#elif defined(__ARM_FEATURE_DSP) && defined(__ARM_FEATURE_SIMD32)
#ifdef __arm__
#define MG_ISA_ARMV7EM
#endif
#ifdef __ARM_FEATURE_MVE /* Cortex-M55 and M85, which have the DSP instructions, too */
#define MG_ISA_MVE
#define MG_SIMD_NAME "mve"
#endif
#include "armv7em.h"
#elif __ARM_ARCH_ISA_THUMB == 1
#define MG_ISA_ARMV6M
#include "armv6m.h"
#elif __ARM_ARCH_ISA_THUMB == 2 /* Cortex-M3 */
#ifdef __arm__
#define MG_ISA_ARMV7M
#endif
#define MG_SIMD_NAME "armv7m"
#include "scalar.h"
#elif defined(__riscv_mul) && __riscv_xlen == 32 && !defined(__riscv_32e)
#ifdef __OPTIMIZE__ /* without, s0 is not free for the loops */
#define MG_ISA_RV32
#endif
#define MG_SIMD_NAME "rv32"
#include "scalar.h"
#else
#include "scalar.h"
#endif

#if __ARM_ARCH_ISA_THUMB == 2 || defined(__ARM_FEATURE_DSP)
#define MG_LONG(type, x) ((type)(x)) /* one instruction adds a long product */
#define MG_DIVIDES 1
#else
#define MG_LONG(type, x) (x)
#ifdef __riscv_div
#define MG_DIVIDES 1
#else
#define MG_DIVIDES 0
#endif
#endif

static inline int64_t mg_add_product(int64_t sum, int32_t a, int32_t b) {
    return sum + MG_LONG(int64_t, a) * b;
}

static inline uint64_t mg_square(int32_t x) {
#if __ARM_ARCH_ISA_THUMB == 1 /* three products of 16 bits, where the compiler would call a function */
    uint32_t size = x < 0 ? 0 - (uint32_t)x : (uint32_t)x, low = size & 0xffffu, high = size >> 16;
    return ((uint64_t)(high * high) << 32) + ((uint64_t)(high * low) << 17) + low * low;
#else
    return (uint64_t)((int64_t)x * x);
#endif
}

static inline uint64_t mg_add_square(uint64_t sum, uint32_t a) {
    return sum + MG_LONG(uint64_t, a) * a;
}

/* One chain, in the order of the reference, whose bits hybrid models depend on. No core of ours has vectors of floats
 * that plain C does not reach, so there is one version. */
static inline float mg_dot_f32(float sum, const float *x, const uint8_t *w, uint32_t k) {
    for (; k > 0; k--, x++, w += 4) {
        sum += *x * mg_load_f32(w);
    }
    return sum;
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
    uint32_t sum = (uint32_t)(((int64_t)(int32_t)((uint32_t)x << 2) * c->multiplier) >> 32) + (uint32_t)c->rounding;
    int32_t y = (int32_t)(above ? sum : sum + ((uint32_t)(x >> 31) << 1)) >> (c->shift & 31u);
    return y == (int8_t)y ? (int8_t)y : (int8_t)(y >> 31 ^ INT8_MAX);
}

#endif
