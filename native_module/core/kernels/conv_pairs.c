/* SPDX-License-Identifier: MIT
 *
 * CONV_2D with weights that the converter has packed in pairs of channels (layout 1): the formula of
 * conv.c, with the bytes in the order in which cores with 16-bit multiply-accumulate want them.
 *
 * Weights: two channels a, b at a time, the last one zero where out_c is odd; in each pair the taps four
 * at a time, k rounded up with zeros: of each row of the kernel first the groups of four that it holds, since
 * they are words of the input, then what is left of each. Four taps are four int16, a[k] + 256 * b[k], in the order
 * k0 k2 k1 k3. A word times a pair of values is therefore the sum of both channels, b's 256-fold; its
 * even bytes, sign-extended, give a's sum, and b's is the difference / 256. This saves extending b's
 * weights. It wants |bias of b| + 128 * sum |b| < 2^23, and no weight of -128 below a negative one.
 * The channel table (channels.h) has an even number of channels.
 *
 * Patches are widened to 16 bits once, in the same order of pairs (k0 k2), (k1 k3), and four output
 * pixels lie side by side; then two channels of four pixels are eight sums in registers.
 *
 * The converter packs a layer only where all that and the short requantisation of channels.h is exact.
 */
#include "channels.h"

#define PIXELS 4

static uint64_t taps_of(const mg_conv_params_t *p) {
    return (uint64_t)p->kernel_h * p->kernel_w * p->in_c;
}

static uint64_t taps_rounded(const mg_conv_params_t *p) {
    return (taps_of(p) + 3u) & ~3ull;
}

static bool is_pointwise(const mg_conv_params_t *p) {
    return p->kernel_h == 1 && p->kernel_w == 1;
}

uint64_t mg_pairs_weights_size(const mg_conv_params_t *p) {
    return taps_rounded(p) * ((p->out_c + 1u) & ~1u);
}

uint64_t mg_pairs_table_size(const mg_conv_params_t *p) {
    return sizeof(mg_channel_t) * (uint64_t)((p->out_c + 1u) & ~1u);
}

/* The lanes of four pixels, or of one where there are fewer, and behind them a patch of bytes. */
uint64_t mg_pairs_scratch_size(const mg_conv_params_t *p) {
    uint64_t k = taps_rounded(p), pixels = (uint64_t)p->batches * p->out_h * p->out_w;
    return 2 * k * (pixels < PIXELS ? 1 : PIXELS) + (is_pointwise(p) ? 0 : taps_of(p));
}

/* Widens the rows of a patch, `line` apart, into every `step`-th pair of lanes: first the groups of four that
 * each row holds, then what is left of them. */
static void load_rows(int16_t *lanes, const int8_t *from, uint32_t line, uint32_t rows, uint32_t row, uint32_t step) {
    const mg_rows_t whole = {lanes, from, row / 4, step, rows, line};
    if (whole.words != 0) {
        lanes = mg_widen_rows(&whole);
    }
    if (row % 4 == 0) {
        return;
    }
    uint32_t word = 0, shift = 0;
    const uint8_t *end = (const uint8_t *)from + row, *x = end - row % 4;
    for (; rows != 0; rows--, end += line, x = end - row % 4) {
        for (; x != end; x++) {
            word |= (uint32_t)*x << shift;
            shift += 8;
            if (shift == 32) {
                mg_widen(lanes, word, step);
                lanes += 4 * step;
                word = shift = 0;
            }
        }
    }
    if (shift != 0) {
        mg_widen(lanes, word, step);
    }
}

/* The patch of an output pixel. */
static void load_pixel(const mg_conv_params_t *p, const int8_t *image, int32_t y, int32_t x, int16_t *lanes,
                       uint32_t step, int8_t *patch) {
    uint32_t row = (uint32_t)p->kernel_w * p->in_c, line = (uint32_t)p->in_w * p->in_c;
    int32_t y0 = y * p->stride_h - p->pad_top, x0 = x * p->stride_w - p->pad_left;
    int32_t y1 = y0 + (p->kernel_h - 1) * p->dilation_h, x1 = x0 + p->kernel_w;
    if ((p->dilation_w == 1 || p->kernel_w == 1) && x0 >= 0 && x1 <= p->in_w && y0 >= 0 && y1 < p->in_h) {
        const int8_t *from = image + (uint32_t)y0 * line + (uint32_t)x0 * p->in_c;
        load_rows(lanes, from, p->dilation_h * line, p->kernel_h, row, step);
    } else {
        mg_gather_patch(p, image, y, x, patch);
        load_rows(lanes, patch, row, p->kernel_h, row, step);
    }
}

typedef struct {
    mg_pairs_t layer;
    mg_channels_t channels;
    int16_t *lanes;
    int8_t *patch, *out;
    uint32_t left, held; /* pixels to come, and those in the lanes */
} walk_t;

/* Where the next pixel's lanes are, and how far apart. */
static inline int16_t *next_lanes(walk_t *w, uint32_t *step) {
    *step = w->left < PIXELS ? 1 : PIXELS;
    return w->lanes + 2 * w->held;
}

/* A pixel is in the lanes: computes, when there are four, or where fewer are left. */
static inline void finish_pixel(walk_t *w, uint32_t step) {
    if (++w->held < step) {
        return;
    }
    if (step == 1) {
        mg_pairs_of_one(&w->layer, w->lanes, w->out);
    } else {
        mg_pairs_of_four(&w->layer, w->lanes, w->out);
    }
    mg_clamp_all(&w->channels, w->out, step * w->channels.n);
    w->out += step * w->channels.n;
    w->left -= step;
    w->held = 0;
}

void mg_conv2d_pairs(const mg_call_t *call) {
    const mg_conv_params_t *p = &call->params.conv;
    const mg_channels_t channels = mg_channels_of(call);
    const uint32_t pixels = (uint32_t)p->batches * p->out_h * p->out_w;
    walk_t w = {{(const int8_t *)call->data + p->weights_at, channels.table, p->out_c, (uint32_t)taps_rounded(p) / 4,
                 channels.above},
                channels, call->scratch, NULL, call->out[0], pixels, 0};
    const int8_t *image = call->in[0];
    uint32_t step;
    if (is_pointwise(p) && p->stride_h == 1 && p->stride_w == 1 && p->in_h == p->out_h && p->in_w == p->out_w) {
        for (uint32_t i = 0; i < pixels; i++, image += p->in_c) { /* every pixel of the input is a patch */
            int16_t *lanes = next_lanes(&w, &step);
            load_rows(lanes, image, 0, 1, p->in_c, step);
            finish_pixel(&w, step);
        }
        return;
    }
    w.patch = (int8_t *)(w.lanes + 4 * w.layer.groups * (pixels < PIXELS ? 1 : PIXELS));
    for (uint32_t n = 0; n < p->batches; n++, image += (uint32_t)p->in_h * p->in_w * p->in_c) {
        for (int32_t y = 0; y < p->out_h; y++) {
            for (int32_t x = 0; x < p->out_w; x++) {
                int16_t *lanes = next_lanes(&w, &step);
                load_pixel(p, image, y, x, lanes, step, w.patch);
                finish_pixel(&w, step);
            }
        }
    }
}
