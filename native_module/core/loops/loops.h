/* SPDX-License-Identifier: MIT
 *
 * The inner loops of the weight layouts, by technique: dsp, swar_pixels, swar_channels, mve (kernels/linear/ says what
 * each is). A core that a technique is made for has its loops in loops/<isa>/, mostly in assembly; loops/generic/ has
 * them in plain C for all others, so that every file runs everywhere and is tested there.
 *
 * The .c files of an ISA are empty where it is not the one that is compiled for (simd.h says which).
 */
#ifndef MG_LOOPS_H
#define MG_LOOPS_H

#include "../simd/simd.h"

/* A channel in the table of every layout but `plain`, `int4` and `mve`. Its accumulators stay below 2^30 and its shift
 * is 1 to 22 to the right: then one constant rounds and adds the zero point, rounding = 2^(shift - 1) + zero_point *
 * 2^shift, and requantising is six instructions on a core that has them. A file whose channels are not like that gets
 * wrong answers, nothing worse. */
typedef struct {
    int32_t bias, multiplier, rounding;
    uint32_t shift; /* to the right */
} mg_channel_t;

/* dsp: CONV_2D in pairs of channels (kernels/linear/conv_dsp.c). */

/* Weights and channel table of a layer. */
typedef struct {
    const int8_t *weights;
    const uint8_t *table; /* mg_channel_t at any address; an even number */
    uint32_t channels, groups; /* groups of four taps, at least one */
    uint32_t lines;            /* 1: the table's channels are lines */
} mg_dsp_layer_t;

/* A line gives the output of a sum x as (multiplier * x / 2^32 + rounding) >> MG_LINE_SHIFT, saturated to int8, both
 * steps rounded down; the table's shift is 0. A pair's second channel has x times 256, and MG_SECOND_LINE_SHIFT. */
#define MG_LINE_SHIFT 4
#define MG_SECOND_LINE_SHIFT 12

/* Rows of words to be widened: at least one of each. */
typedef struct {
    int16_t *lanes;
    const int8_t *x;
    uint32_t words, rows, line, gap; /* words of a row; in bytes, from row to row and between their lanes */
} mg_widening_t;

/* Makes of each word two pairs of int16 (x0 x2), (x1 x3), four words apart. Returns where the next would be. */
int16_t *mg_widen_rows(const mg_widening_t *rows);

/* All channels of four pixels, whose pairs alternate in `lanes`. */
void mg_dsp_four_pixels(const mg_dsp_layer_t *layer, const int16_t *lanes, int8_t *out);

/* All channels of one pixel, x in bytes. */
void mg_dsp_one_pixel(const mg_dsp_layer_t *layer, const int8_t *x, int8_t *out);

/* dsp: DEPTHWISE_CONV_2D in strips (kernels/linear/depthwise_dsp.c). */

/* Two columns of four channels: to[plane * channel + line * row] becomes the pair (a, b). */
typedef struct {
    int16_t *to;
    uint32_t plane; /* in bytes, as all that follow */
    const uint8_t *a, *b;
    uint32_t a_step, b_step; /* from row to row */
    uint32_t rows, line;
} mg_columns_t;

void mg_pair_columns(const mg_columns_t *columns);

/* What is held ready of a channel. Its sums are doubled, for mg_requantize_twice, or, where the shift is 0, times
 * 2^by, 2 <= by <= 8: by so much that MG_STRIP_SHIFT is what is left of the shift s of the table. No output is below the
 * zero point then, and both roundings of arithmetic/requantize.h and the zero point are one number before that shift,
 * (2 * rounding of the table + 1) * 2^(by - 2), which is added to the high half of a sum times the multiplier. */
typedef struct {
    int32_t bias, multiplier, rounding;
    uint32_t shift;
    int16_t taps[]; /* in windows of 3x3 (w0 w1), (w1 w2) of each row */
} mg_dsp_channel_t;

#ifndef MG_ISA_MAC16
#define MG_STRIP_SHIFT 11 /* s + by - 1, of shifts 4 to 10 */
#endif

/* A strip of some channels, four outputs wide. */
typedef struct {
    const int16_t *x; /* for 3x3 rows of 6 values, or of 10 where the stride is 2 */
    const mg_dsp_channel_t *channel;
    uint32_t fourth, third; /* from the first output to these; 0 where there are fewer */
    int8_t *out;
    uint32_t rows; /* of outputs */
    uint32_t size; /* bytes to the next channel; its outputs are those behind */
    uint32_t second;
    uint32_t out_step; /* to the next row of outputs */
    uint32_t plane;    /* values to the next channel's x */
    uint32_t count;    /* of channels */
#ifdef MG_ISA_MAC16
    int32_t min, max; /* of outputs, which costs less here than afterwards */
#endif
} mg_dsp_strip_t;

static inline void mg_next_channel(mg_dsp_strip_t *strip) {
    strip->x += strip->plane;
    strip->channel = (const mg_dsp_channel_t *)(const void *)((const uint8_t *)strip->channel + strip->size);
    strip->out++;
}

/* 3x3 windows, moved by a stride of 1 or 2 in both directions. */
void mg_dsp_strip(const mg_dsp_strip_t *strip, uint32_t stride);

/* Four neighbouring outputs of any window: sums[i] = over rows r and pairs j,
 * x[r * line + i * step + 2 * j + (0, 1)] times taps[r][j]. */
void mg_dot_taps(int32_t sums[4], const int16_t *x, uint32_t line, const int16_t *taps, uint32_t rows, uint32_t pairs,
                 uint32_t step);

/* swar_pixels: cores that multiply one number at a time hold two pixels in a word x0 + x1 * 2^16, so that one
 * multiplication gives two products (kernels/linear/swar_pixels.h).
 *
 *   mg_expand(words, bytes, n)    n int8, a multiple of eight, as int32
 *   mg_pair_up(words, a, b, k)    words[i] = a[i] + b[i] * 2^16
 *   mg_dot_words(sums, w, x, n)   2 n times two taps of two channels, [w c0k0 c0k1 c1k0 c1k1], x two words; to
 *                                 each channel's sums[2] are added q and q >> 16, q = 2^15 + the products
 *                                 of two taps, which stay below 2^15
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
 * All are inline: each call of one is a few dozen instructions. */
#if defined(MG_ISA_ARMV6M)
#include "armv6m/swar_pixels.h"
#elif defined(MG_ISA_ARMV7M)
#include "armv7m/swar_pixels.h"
#endif
#include "generic/swar_pixels.h"

/* swar_channels: cores with many registers hold two channels in a word, w0 + w1 * 2^16
 * (kernels/linear/conv_swar_channels.c, which tells what a block is). */

/* Four channels of a row of pixels. */
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
} mg_swar_job_t;

/* Four channels of pixels, three at a time. */
void mg_sum_triples(mg_swar_job_t *job);

/* k taps, a multiple of four, of two times four channels of one pixel, in blocks of `block` taps, 2 or 4: total, upper
 * of each two channels. */
void mg_dot_eight_channels(uint32_t sums[8], const uint8_t *w0, const uint8_t *w1, const int8_t *x, uint32_t k,
                           uint32_t block);

#include "generic/swar_channels.h"

/* mac16: CONV_2D a channel at a time, on int16 (kernels/linear/conv_mac16.c). */

/* One channel of neighbouring pixels, whose values follow each other; behind the last one lies another word, as it does
 * behind the weights. */
typedef struct {
    const int16_t *x, *w;
    uint32_t fours; /* of taps, at least one */
    uint32_t n;     /* pixels, at least one */
    int8_t *y;
    uint32_t y_step;
    int32_t bias;
    mg_fine_t fine;
    int32_t min, max;
} mg_mac16_pixels_t;

void mg_mac16_pixels(const mg_mac16_pixels_t *job);

/* All channels of one pixel. */
typedef struct {
    const int16_t *x;
    const uint8_t *w;     /* at a multiple of four */
    uint32_t fours;       /* of taps, at least one */
    uint32_t n;           /* channels, at least one */
    const uint8_t *table; /* mg_fine_channel_t of kernels/linear/swar_channels.h, at a multiple of four */
    int8_t *y;
    int32_t offset; /* is added to each sum */
    int32_t min, max;
} mg_mac16_channels_t;

void mg_mac16_channels(const mg_mac16_channels_t *job);

/* Four int8 at a time as int16, in the order 0, 2, 1, 3; `flip` is added to each byte without a carry first, 0 or 128. To
 * and from a multiple of four. */
void mg_mac16_widen(int16_t *to, const uint8_t *from, uint32_t fours, uint32_t flip);

/* RFFT: a stage that joins four transforms each (kernels/signal/spectrum.c). All but x in bytes. */
typedef struct {
    int16_t *x;
    const int16_t *end;
    const uint8_t *twiddles;
    uint32_t gap, step; /* from one number of a butterfly to the next, from one factor to the next */
} mg_fft_stage_t;

/* Does it, unless the kernel's own loop has to: where the core has none, or not for these addresses. */
#if defined(MG_ISA_ARMV7EM) || (defined(MG_ISA_ARMV6M) && defined(__arm__))
#define MG_OWN_FFT
void mg_fft_stage_words(const mg_fft_stage_t *stage);
static inline bool mg_fft_stage(const mg_fft_stage_t *stage) {
    bool can = mg_can_load(stage->x, 4) && mg_can_load(stage->twiddles, 4);
    if (can) {
        mg_fft_stage_words(stage);
    }
    return can;
}
#else
static inline bool mg_fft_stage(const mg_fft_stage_t *stage) {
    (void)stage;
    return false;
}
#endif

/* IMAGE: grey sums of columns from words of two RGB565 pixels (kernels/vision/image.c), a multiple of three of them, at
 * an address that is a multiple of four. Swapped: the high byte first. */
#ifdef MG_ISA_ARMV7EM
#define MG_OWN_GREYS
typedef struct {
    const uint8_t *row;
    uint32_t *sums;
    const uint8_t *end;
    uint32_t five, two; /* how often red and green are added, and blue */
} mg_greys_t;

void mg_add_greys(const mg_greys_t *greys);
void mg_add_greys_swapped(const mg_greys_t *greys);
#endif

/* mve: vectors of 16 bytes. */

/* A layer of CONV_2D (kernels/linear/conv_mve.c). */
typedef struct {
    uint32_t step;          /* from patch to patch */
    uint32_t blocks, out_c; /* blocks of 16 taps, at least one */
    int32_t zero_point;
    const int8_t *weights;
    const uint8_t *table;
    bool above; /* channels.h */
} mg_mve_layer_t;

/* All channels of 2 * pairs patches, pairs > 0, or of one; outputs saturated to int8. `above`: where those below the
 * zero point are of no account, here and below. */
void mg_mve_two_pixels(const mg_mve_layer_t *layer, const int8_t *x, int8_t *out, uint32_t pairs);
void mg_mve_two_pixels_above(const mg_mve_layer_t *layer, const int8_t *x, int8_t *out, uint32_t pairs);
void mg_mve_one_pixel(const mg_mve_layer_t *layer, const int8_t *x, int8_t *out);

/* A row of outputs of DEPTHWISE_CONV_2D (kernels/linear/depthwise_mve.c). */
typedef struct {
    const int8_t *x;
    const int32_t *offsets; /* of each tap from x */
    const int8_t *weights;
    const uint8_t *table;
    int8_t *out;
    uint32_t out_step, step, count; /* from vector to vector of the output, of x; so many, at least one */
    uint32_t pairs;                 /* the taps are 1 + 2 * pairs */
    int32_t zero_point;
    uint32_t n; /* bytes of a vector that are stored */
} mg_mve_row_t;

/* Any window; 3x3 where each three taps lie 16 bytes apart. */
void mg_mve_row(const mg_mve_row_t *row);
void mg_mve_row_3x3(const mg_mve_row_t *row);
void mg_mve_row_3x3_above(const mg_mve_row_t *row);

/* What follows requantisation: y = clamp(x + zero_point, min, max). */
typedef struct {
    int32_t zero_point, min, max;
} mg_range_t;

/* ADD in one step, in units of 2^-bits of an output: of_a * a + of_b * b + start is off by less than MG_NEAR / 2 from
 * what all the roundings give, plus half an output and MG_NEAR / 2. So the upper bits are those of the output, unless it
 * lies within MG_NEAR above a multiple of one: then, once in hundreds of outputs, `exact` makes them. */
#define MG_NEAR 1024

typedef struct {
    int32_t of_a, of_b, start;
    int32_t far;   /* bits that are all zero where it is near */
    uint32_t bits; /* 16 to 22 */
} mg_line_t;

typedef int32_t (*mg_exact_fn)(const void *params, int32_t a, int32_t b);

/* These functions on bytes are inline, as generic/bytes.h has them, or the core's own:
 *
 *   mg_copy_rows(to, to_step, from, from_step, n, rows)
 *                                 `rows` times n > 0 bytes; steps may be negative
 *   mg_fill(to, value, n)         memset, of which some C libraries have a slow one
 *   mg_clamp_bytes(y, n, min, max)
 *                                 n saturated outputs, in place
 *   mg_lookup(out, x, table, n)   out[i] = table[x[i]]
 *   mg_add_neighbours(out, a, b, n, line, exact, params)
 *                                 ADD of n neighbours, saturated; `out` may be a or b. mg_add_steps, which every core
 *                                 has, takes each of a and b at a step of its own
 *
 * and these return how many channels they have done: none, where a loop of the kernel is as good or the
 * case is a rare one:
 *
 *   mg_max_channels, mg_average_channels(out, x, h, w, line, channels, range)
 *                                 all channels of a pooling window of h rows, `line` apart, of w pixels */
#include "generic/add.h"
#ifdef MG_ISA_MVE
#include "mve/add.h"
#include "mve/bytes.h"
#include "mve/pool.h"
#else
#include "generic/bytes.h"
#endif

/* wide: PCs, which take four pixels and 16 channels at a time (kernels/linear/conv_wide.c). Weights are int16, tap i of
 * channel c at MG_WIDE_AT(i, c), and an even number of taps. Inline.
 *
 *   mg_wide_pack(to, w, k, n)     w[n][k] of n <= 16 channels in that order; what it leaves out was zero
 *   mg_wide_tile(sums, x, x_step, w, pairs)
 *                                 sums[p][c] = sum over i < 2 * pairs of x[p * x_step + i] * tap i of channel c
 *   mg_wide_window(sums, x, c, w, pairs)
 *                                 sums[p][j] = sum over i < 2 * pairs of x[i * MG_WIDE_PIXELS + p][c + j] * tap i of
 *                                 channel j, of eight */
#define MG_WIDE_PIXELS 4

#if defined(MG_ISA_AVX2)
#include "avx2/wide.h"
#elif defined(MG_ISA_NEON)
#include "neon/wide.h"
#endif

/* Sums of products in float32 (kernels/linear/conv_f32.c), from where everything is a multiple of four bytes. Inline.
 *
 *   mg_dot_f32_tile(sums, tile, pixels)
 *                                 sums[sums_step * p + c] += sum over taps of x[x_step * p + i] * w[w_step * c + i] for
 *                                 p < pixels <= MG_F32_TILE, c < 4
 *   mg_add_products_f32(sums, tile, channels)
 *                                 sums[c] += sum over taps > 0 of x[x_step * i + c] * w[w_step * i + c] for the first
 *                                 channels; returns of how many
 *   mg_finish_f32(sums, bias, n, low, high)
 *                                 sums[i] = sums[i] + bias[i], clamped; returns of how many: none, where the compiler's
 *                                 loop is as good */
typedef struct {
    const float *x, *w;
    uint32_t x_step, w_step, sums_step, taps;
} mg_f32_tile_t;

#if defined(MG_ISA_ARMV7EM) && defined(__ARM_FP)
#include "armv7em/f32.h"
#elif defined(MG_ISA_MAC16)
#include "xtensa/f32.h"
#else
#include "generic/f32.h"
#endif
#ifndef MG_ISA_MAC16
static inline uint32_t mg_finish_f32(float *sums, const float *bias, uint32_t n, float low, float high) {
    (void)sums, (void)bias, (void)n, (void)low, (void)high;
    return 0;
}
#endif

#endif
