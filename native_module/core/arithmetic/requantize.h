/* SPDX-License-Identifier: MIT
 *
 * From an int32 accumulator to a quantised value, rounded as TensorFlow Lite Micro rounds: twice.
 *
 *     high = round_half_up(x * 2^max(shift, 0) * multiplier / 2^31)       (SQRDMULH)
 *     y    = round_half_away_from_zero(high / 2^max(-shift, 0))
 *
 * Source: TFLite's 8-bit quantisation specification; Jacob et al., "Quantization and Training of
 * Neural Networks for Efficient Integer-Arithmetic-Only Inference" (2018), section 2.2, appendix B.
 * The validator guarantees 0 <= multiplier and -31 <= shift <= 30.
 */
#ifndef MG_REQUANTIZE_H
#define MG_REQUANTIZE_H

#include "../bytes.h"
#include "product.h"

static inline int32_t mg_high_mul(int32_t a, int32_t b) {
    return (int32_t)((mg_long_product(a, b) + (1 << 30)) >> 31);
}

/* x / 2^n, halves away from zero; for x > INT32_MIN. */
static inline int32_t mg_rounding_shift(int32_t x, uint32_t n) {
    if (n == 0) {
        return x;
    }
    int32_t y = (x + (x >> 31)) >> (n - 1);
    return (y >> 1) + (y & 1);
}

static inline int32_t mg_requantize(int32_t x, int32_t multiplier, int32_t shift) {
    if (shift > 0) {
        return mg_high_mul((int32_t)((uint32_t)x << shift), multiplier);
    }
    return mg_rounding_shift(mg_high_mul(x, multiplier), (uint32_t)-shift);
}

/* Sums that may wrap, as they do in the reference, without undefined behaviour. */
static inline int32_t mg_wrap_add(int32_t a, int32_t b) {
    return (int32_t)((uint32_t)a + (uint32_t)b);
}

static inline int32_t mg_clamp(int32_t x, int32_t low, int32_t high) {
    return x < low ? low : x > high ? high : x;
}

#endif
