/* SPDX-License-Identifier: MIT
 *
 * CONV_2D with weights that the converter has packed in pairs of channels (layout DSP): the formula of
 * conv_i8.c, with the bytes in the order in which cores with 16-bit multiply-accumulate want them.
 *
 * Weights: two channels a, b at a time, the last one zero where out_c is odd; in each pair the taps four
 * at a time, k rounded up with zeros: of each row of the kernel first the groups of four that it holds, since
 * they are words of the input, then what is left of each. Four taps are four int16, a[k] + 256 * b[k], in the order
 * k0 k2 k1 k3. A word times a pair of values is therefore the sum of both channels, b's 256-fold; its
 * even bytes, sign-extended, give a's sum, and b's is the difference / 256. This saves extending b's
 * weights. It wants |bias of b| + 128 * sum |b| < 2^23, and no weight of -128 below a negative one.
 * The channel table (channels.h) has an even number of channels, and for b the bias of a + 256 * that of b.
 *
 * Patches are widened to 16 bits once, in the same order of pairs (k0 k2), (k1 k3), and four output
 * pixels lie side by side; then two channels of four pixels are eight sums in registers. The last pixels, where
 * fewer than four are left, stay bytes, and four channels of one are summed at once.
 *
 * The converter packs a layer only where all that and the short requantisation of channels.h is exact. Layout DSP_LINES
 * is the same, but its channels are lines (loops.h), which the converter has found to give each output that is not
 * below the zero point (host_tools/midge/program/packing/lines.py).
 */
#include "channels.h"

#define PIXELS 4

static uint32_t taps_rounded(const mg_conv_params_t *p) {
    return mg_round_up(mg_taps_of(p), 4);
}

static uint32_t weights_size(const mg_conv_params_t *p) {
    return mg_times(taps_rounded(p), mg_round_up(p->out_c, 2));
}

static uint32_t table_size(const mg_conv_params_t *p) {
    return mg_times(sizeof(mg_channel_t), mg_round_up(p->out_c, 2));
}

/* The lanes of four pixels, or the bytes of one where there are fewer, and behind them a patch as it is gathered.
 * Where a pixel of the input is a patch and words, it is used where it lies. */
static uint32_t lanes_size(const mg_conv_params_t *p) {
    bool lie = mg_is_pointwise(p) && p->in_c % 4 == 0;
    return mg_pixels_of(p) >= PIXELS ? mg_times(2 * PIXELS, taps_rounded(p)) : lie ? 0 : taps_rounded(p);
}

bool mg_conv_dsp_check(const mg_check_t *check) {
    const mg_conv_params_t *p = &check->params.conv;
    const uint32_t scratch = mg_plus(lanes_size(p), mg_is_pointwise(p) ? 0 : mg_taps_of(p));
    return mg_check_conv(check, weights_size(p), scratch) && mg_check_data(check, p->channels_at, table_size(p));
}

/* What is left of each row of a patch, less than a group of four, widened into the groups behind. The last group's
 * lanes that have no tap keep what they hold. */
static void load_rest(int16_t *lanes, const mg_widening_t *r, uint32_t rest) {
    const int8_t *x = r->x + 4 * r->words;
    if (rest == 1 && r->rows == 3) { /* 3x3 windows of three channels, with which networks for images begin */
        lanes[0] = x[0];
        lanes[2 * PIXELS] = x[r->line];
        lanes[1] = x[2 * r->line];
        return;
    }
    uint32_t i = 0;
    for (uint32_t row = r->rows; row != 0; row--, x += r->line) {
        for (uint32_t j = 0; j < rest; j++, i++) {
            lanes[i / 4 * (4 * PIXELS) + i % 2 * (2 * PIXELS) + i / 2 % 2] = x[j];
        }
    }
}

/* A patch as bytes, in the order of the weights; where it lies, if it lies so. */
static const int8_t *load_bytes(const mg_widening_t *r, uint32_t rest) {
    if (r->rows == 1 && rest == 0) {
        return r->x;
    }
    int8_t *to = (int8_t *)r->lanes, *bytes = to;
    const uint32_t words = 4 * r->words;
    for (uint32_t i = 0; i < r->rows; i++, to += words) {
        memcpy(to, r->x + i * r->line, words);
    }
    for (uint32_t i = 0; i < r->rows; i++) {
        for (uint32_t j = 0; j < rest; j++) {
            *to++ = r->x[i * r->line + words + j];
        }
    }
    memset(to, 0, (0u - r->rows * rest) % 4u);
    return bytes;
}

typedef struct {
    mg_dsp_layer_t layer;
    mg_channels_t channels;
    int16_t *lanes;
    int8_t *out;
    uint32_t left, held; /* pixels to come, and those in the lanes */
} walk_t;

static inline void load_lanes(const mg_widening_t *rows, uint32_t rest) {
    int16_t *lanes = rows->words != 0 ? mg_widen_rows(rows) : rows->lanes;
    if (rest != 0) {
        load_rest(lanes, rows, rest);
    }
}

static inline void finish_pixels(walk_t *w, uint32_t pixels) {
    mg_clamp_all(&w->channels, w->out, pixels * w->channels.n);
    w->out += pixels * w->channels.n;
    w->left -= pixels;
}

static inline void finish_four(walk_t *w) {
    mg_dsp_four_pixels(&w->layer, w->lanes, w->out);
    finish_pixels(w, PIXELS);
}

static inline void finish_one(walk_t *w, const mg_widening_t *rows, uint32_t rest) {
    mg_dsp_one_pixel(&w->layer, load_bytes(rows, rest), w->out);
    finish_pixels(w, 1);
}

/* Every pixel of the input is a patch. What is read behind a pixel to fill a word meets weights of zero; behind the
 * input nothing is read. */
static void walk_pointwise(const mg_conv_params_t *p, const int8_t *image, walk_t *w) {
    const uint32_t in_c = p->in_c, rest = in_c % 4, words = (in_c + 3) / 4;
    mg_widening_t four = {w->lanes, image, words, PIXELS, in_c, 4 - words * (8 * PIXELS)};
    mg_widening_t one = {w->lanes, image, in_c / 4, 1, 0, 0};
    for (; !MG_DENSE_ONLY && w->left >= PIXELS; four.x += PIXELS * in_c) {
        if (rest == 0 || w->left >= 2 * PIXELS) {
            mg_widen_rows(&four);
        } else {
            for (one.x = four.x; one.lanes != w->lanes + 2 * PIXELS; one.lanes += 2, one.x += in_c) {
                load_lanes(&one, rest);
            }
        }
        finish_four(w);
    }
    one.lanes = w->lanes;
    for (one.x = four.x; w->left != 0; one.x += in_c) {
        finish_one(w, &one, rest);
    }
}

/* The next pixel, whose patch is these rows of words and `rest` bytes beside them in each: it joins three others
 * in the lanes, or is computed at once where fewer are left. */
static inline void next_pixel(walk_t *w, mg_widening_t *rows, uint32_t rest) {
    rows->lanes = w->lanes + 2 * w->held;
    if (w->left < PIXELS) {
        finish_one(w, rows, rest);
        return;
    }
    load_lanes(rows, rest);
    if (++w->held == PIXELS) {
        w->held = 0;
        finish_four(w);
    }
}

static void walk_image(const mg_conv_params_t *p, const int8_t *image, walk_t *w, int8_t *patch) {
    const uint32_t row = (uint32_t)p->kernel_w * p->in_c, line = (uint32_t)p->in_w * p->in_c, rest = row % 4;
    const uint32_t x_step = (uint32_t)p->stride_w * p->in_c;
    const bool dense = p->dilation_w == 1 || p->kernel_w == 1; /* a row of the kernel is one of the input */
    mg_widening_t inside = {NULL, NULL, row / 4, p->kernel_h, mg_step(p->kernel_h, p->dilation_h) * line, 0};
    mg_widening_t copied = {NULL, patch, row / 4, p->kernel_h, row, 0};
    if (rest == 0) { /* its rows are one */
        copied.words *= copied.rows;
        copied.rows = 1;
    }
    for (int32_t y = 0; y < p->out_h; y++) {
        int32_t y0 = y * p->stride_h - p->pad_top, x0 = -p->pad_left;
        bool whole = dense && y0 >= 0 && y0 + (p->kernel_h - 1) * p->dilation_h < p->in_h;
        const int32_t last = p->in_w - p->kernel_w;
        uint32_t at = (uint32_t)y0 * line + (uint32_t)x0 * p->in_c;
        for (int32_t x = 0; x < p->out_w; x++, x0 += p->stride_w, at += x_step) {
            mg_widening_t *rows = &copied;
            if (whole && x0 >= 0 && x0 <= last) {
                inside.x = image + at;
                rows = &inside;
            } else {
                mg_gather_patch(p, image, y, x, patch);
            }
            next_pixel(w, rows, rest);
        }
    }
}

void mg_conv_dsp_run(const mg_call_t *call) {
    const mg_conv_params_t *p = &call->params.conv;
    const mg_channels_t channels = mg_channels_of(call);
    walk_t w = {{(const int8_t *)call->data + p->weights_at, channels.table, p->out_c, taps_rounded(p) / 4,
                 p->layout == MG_LAYOUT_CONV_2D_DSP_LINES},
                channels,
                call->scratch,
                call->out[0],
                mg_pixels_of(p),
                0};
    const int8_t *image = call->in[0];
    if (w.left >= PIXELS) { /* lanes of the last group that have no tap meet weights of zero, in sound files */
        memset(w.lanes + 4 * PIXELS * (w.layer.groups - 1), 0, 4 * PIXELS * sizeof *w.lanes);
    }
    const bool all = p->stride_h == 1 && p->stride_w == 1 && p->in_h == p->out_h && p->in_w == p->out_w;
    if (MG_DENSE_ONLY || (mg_is_pointwise(p) && all)) {
        walk_pointwise(p, image, &w);
        return;
    }
    int8_t *patch = (int8_t *)call->scratch + lanes_size(p);
    for (uint32_t n = 0; n < p->batches; n++, image += (uint32_t)p->in_h * p->in_w * p->in_c) {
        walk_image(p, image, &w, patch);
    }
}
