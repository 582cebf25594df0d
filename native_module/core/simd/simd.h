/* SPDX-License-Identifier: MIT
 *
 * The vector vocabulary that kernels are written in; one header per instruction set gives the same
 * functions, and this is the only place that asks which core it is.
 *
 *   mg_dot(x, w, k)               sum over i < k of x[i] * w[i]                       (int8, int32)
 *   mg_dot4(sums, x, w, k)        the same for four rows of w that lie k apart
 *   mg_dot_f32(sum, x, w, k)      sum + x[0] * w[0] + x[1] * w[1] + ...; w lies at any address (float32)
 *
 *   mg_dot16(x, w, k)             the first with x of int16 and a sum of 64 bits
 *
 *   mg_max4(a, b), mg_min4(a, b)  the larger, the smaller of each of four int8 in a word
 *   mg_add4(pairs, word)          pairs[0] += bytes 0 and 2 of a word, pairs[1] += bytes 1 and 3, as pairs of int16
 *
 *   mg_high_mul_twice(x, m)       x * m / 2^32, halves up: SQRDMULH of arithmetic/requantize.h for x twice a value below 2^30
 *   mg_requantize_twice(x, multiplier, rounding, shift)
 *                                 arithmetic/requantize.h for x twice an accumulator below 2^30 and a right shift of 1 to
 *                                 22, zero point and rounding added in one, saturated to int8
 *   mg_requantize_short(x, ...)   the same for the accumulator itself
 *
 * for convolutions in pairs of channels (kernels/linear/conv_dsp.c):
 *
 *   mg_widen_rows(rows)           of each word of some rows two pairs of int16 (x0 x2), (x1 x3), four words apart;
 *                                 gives where the next would lie
 *   mg_pairs_of_four(layer, lanes, out)
 *                                 all channels of four pixels, whose pairs alternate in `lanes`
 *   mg_pairs_of_one(layer, x, out)
 *                                 all channels of one pixel, x in bytes
 *
 * for depthwise ones (kernels/linear/depthwise_dsp.c):
 *
 *   mg_pair_columns(columns)      two columns of words as int16 pairs: of each byte a pair, in its own plane
 *   mg_dot_taps(sums, x, line, taps, rows, pairs, step)
 *                                 four neighbouring outputs of a depthwise window: sums[i] = over rows r and
 *                                 pairs j, x[r * line + i * step + 2 * j + (0, 1)] times taps[r][j]
 *   mg_strip_by_1(strip), mg_strip_by_2(strip)
 *                                 a strip of 3x3 windows, moved by 1 or 2 in both directions
 *
 * and for cores that multiply one number at a time (kernels/linear/conv_swar_pixels.c), which hold two pixels in a
 * word x0 + x1 * 2^16, so that one multiplication gives two products:
 *
 *   mg_expand(words, bytes, n)    n int8, a multiple of eight, as int32
 *   mg_pair_up(words, a, b, k)    words[i] = a[i] + b[i] * 2^16
 *   mg_dot_words(sums, w, x, n)   2 n times two taps of two channels, [w c0k0 c0k1 c1k0 c1k1], x two words; to
 *                                 each channel's sums[2] are added q and q >> 16, q = 2^15 + the products
 *                                 of two taps, which stay below 2^15 (conv_swar_pixels.c tells the fields apart)
 *   mg_dot_window(sums, x, line, taps, rows, columns, step)
 *                                 the same for a window on a plane of such words, two columns at a time
 *   mg_dot_columns(sums, w, x, n) 4 n taps of four channels and one pixel, bytes c0 c2 c1 c3 of 1 to 255, two
 *                                 taps a block; x two values and a third word that is added to the products
 *                                 of both pairs; sums as those of mg_dot_words
 *   mg_narrow_of(multiplier, rounding, shift, min, max)
 *   mg_requantize_narrow(x, &narrow)
 *                                 mg_requantize_short for |x| < 2^MG_NARROW_BITS, 23 or 30, and clamped; the
 *                                 constants are put as the core wants them once
 *
 * or two channels, w0 + w1 * 2^16 (kernels/linear/conv_swar_channels.c, which tells what a block is):
 *
 *   mg_requantize_fine(x, fine, above)
 *                                 arithmetic/requantize.h for |x| < 2^28 and a right shift s of 1 to 22, with the zero point,
 *                                 saturated to int8. Twice what the first rounding gives, rounded down, is the high
 *                                 half of 4 x times the multiplier; both roundings and the zero point are 1 + 2^s +
 *                                 zero_point * 2^(s + 1) in front of a shift by s + 1. What makes halves go away
 *                                 from zero is of no account where no output lies below the zero point
 *   mg_sum_twins(job)             four channels of pixels, three at a time
 *   mg_dot_twin_columns(sums, w0, w1, x, k, block)
 *                                 k taps, a multiple of four, of two times four channels of one pixel, in blocks of
 *                                 `block` taps, 2 or 4: total, upper of each two channels
 *
 * and over vectors of 16 bytes (kernels/linear/conv_mve.c, kernels/linear/depthwise_mve.c); vectors.h has them in plain C:
 *
 *   mg_copy_rows(to, to_step, from, from_step, n, rows)
 *                                 `rows` times n > 0 bytes
 *   mg_fill(to, value, n)         memset, of which some C libraries have a slow one
 *   mg_rows_2(layer, x, out, pairs), mg_rows_1(layer, x, out)
 *                                 all channels of 2 * pairs patches, pairs > 0, or of one; outputs saturated to int8
 *   mg_lanes(row), mg_lanes_3x3(row)
 *                                 a row of depthwise outputs, count > 0; 3x3 where each three taps lie 16 bytes apart
 *   mg_lookup(out, x, table, n)   out[i] = table[x[i]]
 *
 * and these, which give how many channels or elements they have done: none, where a loop of the kernel is as
 * good or the case is a rare one:
 *
 *   mg_max_channels, mg_average_channels(out, x, h, w, line, channels, range)
 *                                 all channels of a pooling window of h rows, `line` apart, of w pixels
 *   mg_add_scaled(out, a, b, n, scale, range)
 *                                 ADD of n neighbours; scale of a, of b and of the sum
 *
 * MG_SIMD_SCALAR forces the plain C version, for tests.
 */
#ifndef MG_SIMD_H
#define MG_SIMD_H

#include <stdbool.h>
#include <stdint.h>

#include "../bytes.h"

/* Weights and channel table of a layer (conv_dsp.c); assembly knows the order of these. */
typedef struct {
    const int8_t *weights;
    const uint8_t *table;
    uint32_t channels, groups; /* groups of four taps */
    uint32_t above;            /* 1: no output lies below the zero point (channels.h) */
} mg_pairs_t;

/* Rows of words to be widened. */
typedef struct {
    int16_t *lanes;
    const int8_t *x;
    uint32_t words, rows, line, gap; /* words of a row; in bytes, from row to row and between their lanes */
} mg_widening_t;

/* Two columns of four channels: to[plane * channel + line * row] becomes the pair (a, b). */
typedef struct {
    int16_t *to;
    uint32_t plane; /* in bytes, as all that follow */
    const uint8_t *a, *b;
    uint32_t a_step, b_step; /* from row to row */
    uint32_t rows, line;
} mg_columns_t;

/* What depthwise_dsp.c holds ready of a channel; assembly knows the order of these. */
typedef struct {
    int32_t twice_bias, multiplier, rounding;
    uint32_t shift;
    int16_t taps[]; /* doubled; in windows of 3x3 (w0 w1), (w1 w2) of each row */
} mg_strip_channel_t;

/* A strip of one channel, four outputs wide, likewise. */
typedef struct {
    const int16_t *x; /* for 3x3 rows of 6 values, or of 10 where the stride is 2 */
    const mg_strip_channel_t *channel;
    uint32_t fourth, third; /* from the first output to these; 0 where there are fewer */
    int8_t *out;
    int32_t left, step; /* rows of outputs: from their number by -1, or, where none lies below the zero point
                         * (channels.h), from minus that by 1, to 0 */
    uint32_t second;
    uint32_t out_step; /* to the next row of outputs */
} mg_strip_t;

/* How mg_requantize_fine gets from a sum to an output. */
typedef struct {
    int32_t multiplier, rounding;
    uint32_t shift;
} mg_fine_t;

/* Four channels of a row of pixels (conv_swar_channels.c); assembly knows the order of these. */
typedef struct {
    const int32_t *w; /* [taps][2] */
    const int8_t *x;
    int8_t *y;
    uint32_t taps, triples;         /* more than none */
    const int32_t *w_end;           /* of the taps that make whole fours */
    uint32_t x_step[3], y_step[3];  /* from the first pixel to the second, the third, the next triple */
    uint32_t *kept;                 /* [pixel][4]: the sums as they are between two jobs */
    uint32_t goes_on, ends;         /* 1: begins with kept sums and not with `start`; ends in outputs, not kept sums */
    uint32_t start[4];              /* total, upper, total, upper */
    uint32_t sign;                  /* 0 where no output lies below the zero point, else -2 */
    mg_fine_t fine[4];
} mg_twins_t;

/* Four partial sums: short chains of dependent additions, and less rounding. No core of ours has
 * vectors of floats that plain C does not reach, so there is one version. */
static inline float mg_dot_f32(float sum, const float *x, const uint8_t *w, uint32_t k) {
    /* one chain, in the order of the reference, whose bits hybrid models depend on */
    for (; k > 0; k--, x++, w += 4) {
        sum += *x * mg_load_f32(w);
    }
    return sum;
}

#if defined(__ARM_FEATURE_DSP) && defined(__ARM_FEATURE_SIMD32) && !defined(MG_SIMD_SCALAR)
#include "armv7em.h"
#elif __ARM_ARCH_ISA_THUMB == 1 && !defined(MG_SIMD_SCALAR)
#include "armv6m.h"
#elif __ARM_ARCH_ISA_THUMB == 2 && !defined(MG_SIMD_SCALAR)
#include "armv7m.h"
#elif defined(__riscv_mul) && __riscv_xlen == 32 && !defined(__riscv_32e) && !defined(MG_SIMD_SCALAR)
#include "rv32.h"
#else
#include "scalar.h"
#endif
#include "swar_pixels.h"
#include "swar_channels.h"

/* What follows requantisation: y = clamp(x + zero_point, min, max). */
typedef struct {
    int32_t zero_point, min, max;
} mg_range_t;

typedef struct {
    int32_t zero_point, multiplier, shift;
} mg_scaling_t;

/* A convolution in rows; assembly knows the order of these. */
typedef struct {
    uint32_t step;          /* from patch to patch */
    uint32_t blocks, out_c; /* blocks of 16 taps */
    int32_t zero_point;
    const int8_t *weights;
    const uint8_t *table;
} mg_rows_t;

/* A row of outputs of a depthwise convolution in lanes, likewise. */
typedef struct {
    const int8_t *x;
    const int32_t *offsets; /* of each tap from x */
    const int8_t *weights;
    const uint8_t *table;
    int8_t *out;
    uint32_t out_step, step, count; /* from vector to vector of the output, of x; so many */
    uint32_t pairs;                 /* the taps are 1 + 2 * pairs */
    int32_t zero_point;
    uint32_t n; /* bytes of a vector that are stored */
} mg_lanes_t;

#if defined(__ARM_FEATURE_MVE) && !defined(MG_SIMD_SCALAR)
#include "helium.h"
#else
#include "vectors.h"
#endif

/* y clamped to [min, max], n of them. */
#ifndef MG_OWN_CLAMP
static inline void mg_clamp_bytes(int8_t *y, uint32_t n, int8_t min, int8_t max) {
    const uint32_t low = 0x01010101u * (uint8_t)min, high = 0x01010101u * (uint8_t)max;
    for (; n >= 4; n -= 4, y += 4) {
        uint32_t word = mg_min4(mg_max4(mg_load_u32((const uint8_t *)y), low), high);
        memcpy(y, &word, 4);
    }
    for (; n != 0; n--, y++) {
        *y = *y < min ? min : *y > max ? max : *y;
    }
}
#endif

#ifndef MG_OWN_SHORT
static inline int32_t mg_requantize_short(int32_t x, int32_t multiplier, int32_t rounding, uint32_t shift) {
    return mg_requantize_twice((int32_t)((uint32_t)x << 1), multiplier, rounding, shift);
}
#endif

#endif
