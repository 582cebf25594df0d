/* SPDX-License-Identifier: MIT
 *
 * DEPTHWISE_CONV_2D a channel at a time (layout 1): the formula of conv.c, for cores with 16-bit
 * multiply-accumulate.
 *
 * The plane of one channel is gathered, padded and widened to 16 bits in the scratch. There,
 * neighbouring values along a row are neighbours in memory, and a pair of them times a pair of taps is
 * one instruction. Four outputs of a row are summed at once. Rows and columns change places where that
 * is less work.
 *
 * Weights lie as in the canonical layout, dilation along the pairs is 1. The converter gives a layer
 * this layout only where the short requantisation (conv_packed.c) is exact.
 */
#include "../simd/simd.h"
#include "channels.h"
#include "kernels.h"

#define OUTPUTS 4

/* One axis of the window: `pairs` run along b, rows of them along a. */
typedef struct {
    uint32_t in, out, kernel, stride, dilation, pad;
    uint32_t in_step, out_step; /* in elements of the image */
    uint32_t tap_step;          /* in weights */
} axis_t;

typedef struct {
    axis_t a, b;
    uint32_t pairs, height, width; /* of the padded plane; width in values, even */
} geometry_t;

/* Products of pairs, counting those for the outputs that only fill up a group. */
static uint64_t work(const axis_t *a, const axis_t *b) {
    uint64_t groups = (b->out + OUTPUTS - 1) / OUTPUTS;
    return groups * a->out * a->kernel * ((b->kernel + 1) / 2);
}

static geometry_t geometry_of(const mg_conv_params_t *p) {
    axis_t h = {p->in_h, p->out_h, p->kernel_h, p->stride_h, p->dilation_h, p->pad_top,
                (uint32_t)p->in_w * p->in_c, (uint32_t)p->out_w * p->out_c, (uint32_t)p->kernel_w * p->out_c};
    axis_t w = {p->in_w, p->out_w, p->kernel_w, p->stride_w, p->dilation_w, p->pad_left, p->in_c, p->out_c, p->out_c};
    bool upright = w.dilation != 1 || (h.dilation == 1 && work(&w, &h) < work(&h, &w));
    geometry_t g = {upright ? w : h, upright ? h : w, 0, 0, 0};
    g.pairs = (g.b.kernel + 1) / 2;
    g.height = (g.a.out - 1) * g.a.stride + (g.a.kernel - 1) * g.a.dilation + 1;
    /* Room for the last group of outputs to be a whole one. */
    uint32_t last = ((g.b.out + OUTPUTS - 1) / OUTPUTS * OUTPUTS - 1) * g.b.stride;
    g.width = (last + 2 * g.pairs + 1) & ~1u;
    return g;
}

bool mg_planes_possible(const mg_conv_params_t *p) {
    return p->dilation_h == 1 || p->dilation_w == 1;
}

uint64_t mg_planes_scratch_size(const mg_conv_params_t *p) {
    geometry_t g = geometry_of(p);
    return 4ull * g.a.kernel * g.pairs + 2ull * g.height * g.width;
}

static void load_taps(const geometry_t *g, const int8_t *weights, int16_t *taps) {
    for (uint32_t i = 0; i < g->a.kernel; i++, weights += g->a.tap_step) {
        const int8_t *w = weights;
        for (uint32_t j = 0; j < 2 * g->pairs; j++, w += g->b.tap_step) {
            *taps++ = j < g->b.kernel ? *w : 0;
        }
    }
}

/* Gathers a channel, whose first value is *image, with the zero point around it. */
static void load_plane(const geometry_t *g, const int8_t *image, int8_t zero_point, int16_t *plane) {
    int32_t a = -(int32_t)g->a.pad;
    uint32_t right = g->b.pad + g->b.in < g->width ? g->b.pad + g->b.in : g->width;
    for (uint32_t i = 0; i < g->height; i++, a++, plane += g->width) {
        uint32_t j = 0;
        if (a >= 0 && a < (int32_t)g->a.in) {
            const int8_t *x = image + (uint32_t)a * g->a.in_step;
            for (; j < g->b.pad; j++) {
                plane[j] = zero_point;
            }
            const uint32_t step = g->b.in_step;
#pragma GCC unroll 4
            for (; j < right; j++, x += step) {
                plane[j] = *x;
            }
        }
        for (; j < g->width; j++) {
            plane[j] = zero_point;
        }
    }
}

typedef struct {
    const geometry_t *g;
    const mg_channels_t *channels;
    mg_channel_t channel;
    const int16_t *taps;
} plane_t;

/* One row of outputs. Called with constant pairs and step, the sums unroll (simd.h). */
static inline void convolve_row(const plane_t *p, const int16_t *x, int8_t *y, uint32_t pairs, uint32_t step) {
    const uint32_t line = p->g->a.dilation * p->g->width, rows = p->g->a.kernel, out_step = p->g->b.out_step;
    const mg_channel_t channel = p->channel;
    int32_t sums[OUTPUTS];
    uint32_t left = p->g->b.out;
    for (; left >= OUTPUTS; left -= OUTPUTS, x += OUTPUTS * step) {
        mg_dot_taps(sums, x, line, p->taps, rows, pairs, step);
        mg_finish_four(p->channels, &channel, sums, y, out_step);
        y += OUTPUTS * out_step;
    }
    if (left != 0) {
        mg_dot_taps(sums, x, line, p->taps, rows, pairs, step);
        for (uint32_t i = 0; i < left; i++, y += out_step) {
            *y = mg_finish_short(p->channels, &channel, sums[i]);
        }
    }
}

static void row_of_2_by_1(const plane_t *p, const int16_t *x, int8_t *y) {
    convolve_row(p, x, y, 2, 1);
}

static void row_of_2_by_2(const plane_t *p, const int16_t *x, int8_t *y) {
    convolve_row(p, x, y, 2, 2);
}

static void row_of_any(const plane_t *p, const int16_t *x, int8_t *y) {
    convolve_row(p, x, y, p->g->pairs, p->g->b.stride);
}

void mg_depthwise_planes(const mg_call_t *call) {
    const mg_conv_params_t *p = &call->params.conv;
    const geometry_t g = geometry_of(p);
    const mg_channels_t channels = mg_channels_of(call);
    const int8_t *weights = (const int8_t *)call->data + p->weights_at, *image = call->in[0];
    int8_t *out = call->out[0];
    int16_t *taps = call->scratch, *values = taps + 2 * g.a.kernel * g.pairs;
    uint32_t multiplier = p->out_c / p->in_c;
    void (*convolve)(const plane_t *, const int16_t *, int8_t *) = row_of_any;
    if (g.pairs == 2 && g.b.stride <= 2) { /* windows of 3 and 4 are the most common by far */
        convolve = g.b.stride == 1 ? row_of_2_by_1 : row_of_2_by_2;
    }
    for (uint32_t n = 0; n < p->batches; n++) {
        for (uint32_t c = 0; c < p->out_c; c++) {
            const plane_t plane = {&g, &channels, mg_load_channel(&channels, c), taps};
            load_taps(&g, weights + c, taps);
            if (c % multiplier == 0) {
                load_plane(&g, image + c / multiplier, p->in_zero_point, values);
            }
            for (uint32_t i = 0; i < g.a.out; i++) {
                convolve(&plane, values + i * g.a.stride * g.width, out + i * g.a.out_step + c);
            }
        }
        image += (uint32_t)p->in_h * p->in_w * p->in_c;
        out += (uint32_t)p->out_h * p->out_w * p->out_c;
    }
}
