/* SPDX-License-Identifier: MIT
 *
 * DEPTHWISE_CONV_2D with two pixels in a word (layout SWAR_PIXELS): the formula of conv_i8.c, for cores that multiply
 * one number at a time. swar_pixels.h tells how one multiplication gives two products.
 *
 * A channel at a time: its plane is gathered and padded in the scratch, folded in the middle, so that a word
 * holds the inputs of an output in the first half of the rows, or columns, and of the one that lies as far in
 * the second half. Where their number is odd, the second half ends one row outside, with nothing to store.
 * Where the scratch has no room for the whole plane, it holds as many of its rows as it can.
 *
 * Weights are stored as in layout PLAIN. The converter gives a layer this layout only where the short
 * requantisation of channels.h is exact and no two weights of a channel are larger than 255 together.
 */
#include "depthwise_direct.h"
#include "swar_pixels.h"

/* One axis of the window. Outputs are folded along a. */
typedef struct {
    uint32_t in, out, kernel, stride, dilation, pad;
    uint32_t in_step, out_step; /* in elements of the image */
    uint32_t tap_step;          /* in weights */
} axis_t;

typedef struct {
    axis_t a, b;
    uint32_t half;  /* outputs along a in the first half */
    uint32_t width; /* of the folded plane, in words */
} geometry_t;

/* How many inputs lie under the windows of so many outputs. */
static uint32_t reach(const axis_t *axis, uint32_t outputs) {
    return mg_reach(outputs, axis->stride, axis->kernel, axis->dilation);
}

static geometry_t geometry_of(const mg_conv_params_t *p) {
    axis_t h = {p->in_h,
                p->out_h,
                p->kernel_h,
                p->stride_h,
                p->dilation_h,
                p->pad_top,
                (uint32_t)p->in_w * p->in_c,
                (uint32_t)p->out_w * p->out_c,
                (uint32_t)p->kernel_w * p->out_c};
    axis_t w = {p->in_w, p->out_w, p->kernel_w, p->stride_w, p->dilation_w, p->pad_left, p->in_c, p->out_c, p->out_c};
    bool upright = (w.out + 1) / 2 * h.out < (h.out + 1) / 2 * w.out;
    geometry_t g = {upright ? w : h, upright ? h : w, 0, 0};
    g.half = (g.a.out + 1) / 2;
    g.width = reach(&g.b, g.b.out);
    return g;
}

/* The least: a channel's taps, and the rows of its plane for one row of outputs. */
static uint32_t scratch_size(const mg_conv_params_t *p) {
    geometry_t g = geometry_of(p);
    return mg_times(4, mg_plus(mg_times(g.a.kernel, g.b.kernel), mg_times(reach(&g.a, 1), g.width)));
}

/* For another row of the plane; for all of it. */
static inline uint32_t scratch_step(const mg_conv_params_t *p) {
    return mg_times(4, geometry_of(p).width);
}

static inline uint32_t scratch_most(const mg_conv_params_t *p) {
    geometry_t g = geometry_of(p);
    return mg_times(4, mg_plus(mg_times(g.a.kernel, g.b.kernel), mg_times(reach(&g.a, g.half), g.width)));
}

/* The size of the scratch makes sense for sound shapes only, so those are checked first. */
bool mg_depthwise_swar_pixels_check(const mg_check_t *check) {
    const mg_conv_params_t *p = &check->params.conv;
    return mg_check_conv(check, mg_depthwise_weights(p), 0)
           && (mg_is_direct(p)
               || (mg_check_scratch(check, scratch_size(p))
                   && MG_OFFER_SCRATCH(check, scratch_step(p), scratch_most(p))));
}

static void load_taps(const geometry_t *g, const int8_t *weights, int32_t *taps) {
    for (uint32_t i = 0; i < g->a.kernel; i++, weights += g->a.tap_step) {
        const int8_t *w = weights;
        for (uint32_t j = 0; j < g->b.kernel; j++, w += g->b.tap_step) {
            *taps++ = *w;
        }
    }
}

/* Row a of the image, or where it lies outside the zero point, over and over. */
typedef struct {
    const int8_t *x;
    uint32_t step;
} line_t;

static line_t line_of(const geometry_t *g, const int8_t *image, const int8_t *zero_point, int32_t a) {
    if (a < 0 || a >= (int32_t)g->a.in) {
        return (line_t){zero_point, 0};
    }
    return (line_t){image + (uint32_t)a * g->a.in_step, g->b.in_step};
}

/* Gathers the rows for outputs i to i + n of a channel, whose first value is *image, with the zero point around. */
static void load_plane(const geometry_t *g, const int8_t *image, const int8_t *zero_point, uint32_t i, uint32_t n,
                       int32_t *plane) {
    const int32_t outside = *zero_point * 65537;
    const uint32_t right = g->b.pad + g->b.in < g->width ? g->b.pad + g->b.in : g->width;
    int32_t a = (int32_t)(i * g->a.stride) - (int32_t)g->a.pad, fold = (int32_t)(g->half * g->a.stride);
    for (uint32_t rows = reach(&g->a, n); rows != 0; rows--, a++) {
        line_t first = line_of(g, image, zero_point, a), second = line_of(g, image, zero_point, a + fold);
        uint32_t j = 0;
        for (; j < g->b.pad; j++) {
            *plane++ = outside;
        }
#pragma GCC unroll 4
        for (; j < right; j++) {
            *plane++ = *first.x + *second.x * 65536;
            first.x += first.step;
            second.x += second.step;
        }
        for (; j < g->width; j++) {
            *plane++ = outside;
        }
    }
}

typedef struct {
    const geometry_t *g;
    mg_narrow_channel_t channel;
    const int32_t *taps;
} plane_t;

/* Outputs i to i + n of a channel and those folded onto them, whose plane's rows lie behind the taps; where nothing is
 * folded onto an output, it is written over. With constant rows, columns and step the window unrolls (simd.h). */
static inline __attribute__((always_inline)) void convolve(const plane_t *p, uint32_t i, uint32_t n, const int32_t *x,
                                                           int8_t *out, uint32_t rows, uint32_t columns, uint32_t step,
                                                           bool wide) {
    const geometry_t *g = p->g;
    const uint32_t line = mg_step(g->a.kernel, g->a.dilation) * g->width;
    const uint32_t next = mg_step(g->a.out, g->a.stride) * g->width, out_step = g->b.out_step, stride = g->b.stride;
    int8_t *row = out + i * g->a.out_step;
    for (uint32_t end = i + n; i < end; i++, x += next, row += g->a.out_step) {
        const uint32_t fold = i + g->half < g->a.out ? g->half * g->a.out_step : 0;
        const int32_t *window = x;
        int8_t *y = row;
        for (uint32_t left = g->b.out; left != 0; left--, window += stride, y += out_step) {
            uint32_t sums[2] = {p->channel.start[0], p->channel.start[1]};
            mg_dot_window(sums, window, line, p->taps, rows, columns, step);
            y[fold] = (int8_t)mg_finish_pixel(&p->channel, mg_pixel_1(sums), wide);
            *y = (int8_t)mg_finish_pixel(&p->channel, mg_pixel_0(sums), wide);
        }
    }
}

static void convolve_3_by_3(const plane_t *p, uint32_t i, uint32_t n, const int32_t *x, int8_t *out) {
    convolve(p, i, n, x, out, 3, 3, 1, false);
}

static void convolve_any(const plane_t *p, uint32_t i, uint32_t n, const int32_t *x, int8_t *out) {
    if (mg_is_wide(&p->channel)) {
        convolve(p, i, n, x, out, p->g->a.kernel, p->g->b.kernel, p->g->b.dilation, true);
    } else {
        convolve(p, i, n, x, out, p->g->a.kernel, p->g->b.kernel, p->g->b.dilation, false);
    }
}

void mg_depthwise_swar_pixels_run(const mg_call_t *call) {
    if (mg_is_direct(&call->params.conv)) {
        mg_depthwise_direct_short(call);
        return;
    }
    const mg_conv_params_t *p = &call->params.conv;
    const geometry_t g = geometry_of(p);
    const mg_channels_t channels = mg_channels_of(call);
    const int8_t *weights = (const int8_t *)call->data + p->weights_at, *image = call->in[0];
    int8_t *out = call->out[0];
    const uint32_t n_taps = g.a.kernel * g.b.kernel, blocks = g.a.kernel * ((g.b.kernel + 1) / 2);
    int32_t *taps = call->scratch, *rows = taps + n_taps;
    const uint32_t multiplier = p->out_c / p->in_c;
    const bool usual = g.a.kernel == 3 && g.b.kernel == 3 && g.b.dilation == 1;
    const uint32_t most = ((call->scratch_size / 4 - n_taps) / g.width - reach(&g.a, 1)) / g.a.stride + 1;
    for (uint32_t n = 0; n < p->batches; n++) {
        for (uint32_t k = 0; k < p->in_c; k++) {
            for (uint32_t i = 0, count; i < g.half; i += count) {
                count = g.half - i < most ? g.half - i : most;
                load_plane(&g, image + k, &p->in_zero_point, i, count, rows);
                for (uint32_t c = k * multiplier; c < (k + 1) * multiplier; c++) {
                    const plane_t plane = {&g, mg_load_narrow_channel(&channels, c, n_taps, blocks), taps};
                    load_taps(&g, weights + c, taps);
                    if (usual && !mg_is_wide(&plane.channel)) {
                        convolve_3_by_3(&plane, i, count, rows, out + c);
                    } else {
                        convolve_any(&plane, i, count, rows, out + c);
                    }
                }
            }
        }
        image += (uint32_t)p->in_h * p->in_w * p->in_c;
        out += (uint32_t)p->out_h * p->out_w * p->out_c;
    }
}
