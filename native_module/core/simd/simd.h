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
 * and for weights in quads (kernels/conv_packed.c), n groups of four taps:
 *
 *   mg_widen(lanes, x, k, step)   k int8 as int16 pairs (x0 x2), (x1 x3), zeros behind them, the pairs
 *                                 `step` words apart
 *   mg_dot_2x4(sums, w, lanes, n) two channels times four pixels -> sums [2][4]
 *   mg_dot_4x1(sums, w, lane, n)  four channels of one pixel -> sums [4]
 *   mg_dot_taps(sums, x, line, taps, rows, pairs, step)
 *                                 four neighbouring outputs of a depthwise window: sums[i] = over rows r and
 *                                 pairs j, x[r * line + i * step + 2 * j + (0, 1)] times taps[r][j]
 *   mg_requantize_short(x, multiplier, rounding, shift)
 *                                 requantize.h for |x| < 2^30 and a right shift of 1 to 22, zero point
 *                                 and rounding added in one, saturated to int8
 *
 * and for cores that multiply one number at a time (kernels/conv_words.c), which hold two pixels in a
 * word x0 + x1 * 2^16, so that one multiplication gives two products:
 *
 *   mg_expand(words, bytes, n)    n int8, a multiple of eight, as int32
 *   mg_pair_up(words, a, b, k)    words[i] = a[i] + b[i] * 2^16
 *   mg_dot_words(sums, w, x, n)   2 n times two taps of two channels, [w c0k0 c0k1 c1k0 c1k1], x two words; to
 *                                 each channel's sums[2] are added q and q >> 16, q = 2^15 + the products
 *                                 of two taps, which stay below 2^15 (conv_words.c tells the fields apart)
 *   mg_dot_window(sums, x, line, taps, rows, columns, step)
 *                                 the same for a window on a plane of such words, two columns at a time
 *   mg_dot_columns(sums, w, x, k, negatives)
 *                                 k taps of four channels and one pixel: bytes c0 c2 c1 c3 are 1 to 255;
 *                                 so many x are below 0
 *   mg_narrow_of(multiplier, rounding, shift, min, max)
 *   mg_requantize_narrow(x, &narrow)
 *                                 mg_requantize_short for |x| < 2^23 and clamped; the constants are put as
 *                                 the core wants them once
 *
 * and over vectors of 16 bytes (kernels/conv_rows.c, kernels/depthwise_lanes.c), in which mg_four_t is
 * four int32; vectors.h has them in plain C:
 *
 *   mg_load_four(p)               from any address
 *   mg_copy_rows(to, to_step, from, from_step, n, rows)
 *                                 `rows` times n > 0 bytes
 *   mg_rows_2(layer, x0, x1, out), mg_rows_1(layer, x0, NULL, out)
 *                                 all channels of two patches, or one, whose outputs follow each other
 *   mg_lanes(out, x, offsets, w, pairs, table, range, n)
 *                                 n channels of a depthwise window of 1 + 2 * pairs taps at x + offsets[tap]
 *   mg_requantize_four(sums, table)
 *                                 requantize.h, with bias, multiplier and -1 >= shift >= -31 of four channels
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

#include <stdint.h>

#include "../bytes.h"

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
#else
#include "scalar.h"
#endif
#include "words.h"

/* What follows requantisation: y = clamp(x + zero_point, min, max). */
typedef struct {
    int32_t zero_point, min, max;
} mg_range_t;

typedef struct {
    int32_t zero_point, multiplier, shift;
} mg_scaling_t;

/* A convolution in rows. */
typedef struct {
    const int8_t *weights;
    const uint8_t *table;
    uint32_t blocks, out_c; /* blocks of 16 taps */
    mg_range_t range;
} mg_rows_t;

#if defined(__ARM_FEATURE_MVE) && !defined(MG_SIMD_SCALAR)
#include "helium.h"
#else
#include "vectors.h"
#endif

#endif
