/* SPDX-License-Identifier: MIT
 *
 * What kernels of 16-bit activations share: sums of 64 bits, their requantisation, the sigmoid.
 *
 * TensorFlow Lite Micro requantises a 64-bit accumulator with the multiplier's upper half and rounds
 * once, halves up; only the low 32 bits of the result count:
 *
 *     y = (x * round(multiplier / 2^16) + 2^(14 - shift)) >> (15 - shift)
 *
 * where the upper half is at most 0x7fff. Source: TFLite's quantisation specification (16x8) and
 * TFLM's kernels. The validator guarantees 0 <= multiplier and -31 <= shift <= 14.
 */
#ifndef MG_WIDE_H
#define MG_WIDE_H

#include <stdbool.h>

#include "requantize.h"

int32_t mg_requantize_i64(int64_t x, int32_t multiplier, int32_t shift);

static inline int32_t mg_saturate_i16(int32_t x) {
    return mg_clamp(x, INT16_MIN, INT16_MAX);
}

/* mg_requantize, and mg_dot16 of simd.h, as calls: many places use them, few of them often. */
int32_t mg_requantize_call(int32_t x, int32_t multiplier, int32_t shift);
int64_t mg_sum_wide(const int16_t *x, const int8_t *w, uint32_t k);

/* The sigmoid of x * multiplier * 2^-shift / (3 * 4096), or tanh, in Q0.15. The table holds the
 * sigmoid of i / 24 in Q0.16 at i = 0 to 255 and is interpolated linearly; tanh(x) is
 * 2 sigmoid(2x) - 1. 0 <= multiplier < 2^15, 0 <= shift <= 31. */
static inline int32_t mg_sigmoid_inline(const uint8_t *table, int32_t x, int32_t multiplier, uint32_t shift,
                                        bool tanh) {
    int32_t z = (x * multiplier + (shift == 0 ? 0 : 1 << (shift - 1))) >> shift; /* the product is below 2^30 */
    uint32_t bits = tanh ? 8 : 9; /* of z between two entries: tanh looks up 2z */
    uint32_t size = z < 0 ? 0u - (uint32_t)z : (uint32_t)z, at = size >> bits;
    int32_t y; /* in Q0.(16 + bits) */
    if (at >= 255) {
        y = tanh ? 0xffff << 8 : 0x7fff << 10;
    } else {
        int32_t low = mg_load_u16(table + 2 * at), high = mg_load_u16(table + 2 * at + 2);
        y = (low << bits) + (int32_t)(size & ((1u << bits) - 1)) * (high - low);
    }
    if (tanh) {
        y -= 1 << 23;
        return ((z < 0 ? -y - 1 : y) + (1 << 7)) >> 8;
    }
    return ((z < 0 ? (1 << 25) - y - 1 : y) + (1 << 9)) >> 10;
}

int32_t mg_sigmoid_i16(const uint8_t *table, int32_t x, int32_t multiplier, uint32_t shift, bool tanh);

#endif
