/* SPDX-License-Identifier: MIT
 *
 * DEPTHWISE_CONV_2D a strip at a time (layout 1): the formula of conv.c, for cores with 16-bit
 * multiply-accumulate.
 *
 * A strip is four outputs wide and as long as the map. Its inputs are gathered, padded and widened to 16 bits
 * in the scratch, for four channels at once, since four channels are a word of the input. There,
 * neighbouring values across the strip are neighbours in memory, and a pair of them times a pair of taps is
 * one instruction. Rows and columns change places where that is less work.
 *
 * Where the width is no multiple of four the last strip overlaps the one before it, and so do the last four
 * channels: what is computed twice is the same. A map of fewer than four outputs across writes only those.
 *
 * Weights lie as in the canonical layout; in the scratch they are doubled, and so is every sum, which is
 * what requantising wants (simd.h). Dilation across the strip is 1. The converter gives a layer
 * this layout only where the short requantisation (channels.h) is exact.
 */
#include "channels.h"

#define OUTPUTS 4
#define CHANNELS 4

/* One axis of the window: a along the strip, b across it. */
typedef struct {
    uint32_t in, out, kernel, stride, dilation, pad;
    uint32_t in_step, out_step; /* in elements of the image */
    uint32_t tap_step;          /* in weights */
} axis_t;

typedef struct {
    axis_t a, b;
    bool by_three;         /* the 3x3 windows of mg_strip_by_1 and _2 */
    uint32_t pairs;        /* of taps across the window */
    uint32_t height, line; /* of a strip; the line in values, even */
    uint32_t taps;         /* int16 of a channel's window */
    uint32_t lanes;        /* channels that are gathered together: four, or one where there are fewer */
} geometry_t;

/* Products of pairs. */
static uint64_t work(const axis_t *a, const axis_t *b) {
    uint64_t groups = (b->out + OUTPUTS - 1) / OUTPUTS;
    return groups * a->out * a->kernel * ((b->kernel + 1) / 2);
}

static geometry_t geometry_of(const mg_conv_params_t *p) {
    axis_t h = {p->in_h, p->out_h, p->kernel_h, p->stride_h, p->dilation_h, p->pad_top,
                (uint32_t)p->in_w * p->in_c, (uint32_t)p->out_w * p->out_c, (uint32_t)p->kernel_w * p->out_c};
    axis_t w = {p->in_w, p->out_w, p->kernel_w, p->stride_w, p->dilation_w, p->pad_left, p->in_c, p->out_c, p->out_c};
    bool upright = w.dilation != 1 || (h.dilation == 1 && work(&w, &h) < work(&h, &w));
    geometry_t g = {.a = upright ? w : h, .b = upright ? h : w};
    g.by_three = g.a.kernel == 3 && g.b.kernel == 3 && g.a.dilation == 1 && g.a.stride == g.b.stride
                 && g.b.stride <= 2;
    g.pairs = (g.b.kernel + 1) / 2;
    g.height = (g.a.out - 1) * g.a.stride + (g.a.kernel - 1) * g.a.dilation + 1;
    g.line = ((OUTPUTS - 1) * g.b.stride + 2 * g.pairs + 1) & ~1u;
    g.line = g.by_three ? 2 + 4 * g.b.stride : g.line;
    g.taps = 2 * g.a.kernel * g.pairs;
    g.lanes = p->in_c < CHANNELS ? 1 : CHANNELS;
    return g;
}

bool mg_strips_possible(const mg_conv_params_t *p) {
    return p->dilation_h == 1 || p->dilation_w == 1;
}

uint64_t mg_strips_scratch_size(const mg_conv_params_t *p) {
    geometry_t g = geometry_of(p);
    return 2ull * g.lanes * ((uint64_t)g.height * g.line) + 2ull * g.taps;
}

/* Twice the window of a channel: rows of pairs, with (w0 w1), (w1 w2) for a row of three. */
static void load_taps(const geometry_t *g, const int8_t *weights, int16_t *taps) {
    const uint32_t step = g->b.tap_step;
    for (uint32_t i = 0; i < g->a.kernel; i++, weights += g->a.tap_step) {
        if (g->by_three) {
            *taps++ = (int16_t)(2 * weights[0]);
            *taps++ = (int16_t)(2 * weights[step]);
            *taps++ = (int16_t)(2 * weights[step]);
            *taps++ = (int16_t)(2 * weights[2 * step]);
            continue;
        }
        for (uint32_t j = 0; j < 2 * g->pairs; j++) {
            *taps++ = (int16_t)(j < g->b.kernel ? 2 * weights[j * step] : 0);
        }
    }
}

/* Gathers a strip of four channels, the first of which is at *image, from b0 on, with the zero point around it. */
static void load_four(const geometry_t *g, const int8_t *channel, int32_t b0, int8_t zero_point, int16_t *values) {
    const uint8_t *image = (const uint8_t *)channel;
    const uint32_t outside = 0x01010101u * (uint8_t)zero_point, b_in = g->b.in, step = g->b.in_step;
    const uint32_t plane = g->height * g->line / 2;
    bool whole = b0 >= 0 && (uint32_t)b0 + g->line <= b_in;
    int32_t a = -(int32_t)g->a.pad;
    for (uint32_t i = 0; i < g->height; i++, a++, values += g->line) {
        int16_t *to = values, *end = values + g->line;
        uint32_t at = (uint32_t)a * g->a.in_step + (uint32_t)b0 * step;
        if (a < 0 || a >= (int32_t)g->a.in) {
            for (; to != end; to += 2) {
                mg_pair_up(to, plane, outside, outside);
            }
        } else if (whole) {
            const uint8_t *x = image + at;
            for (; to != end; to += 2, x += 2 * step) {
                mg_pair_up(to, plane, mg_load_u32(x), mg_load_u32(x + step));
            }
        } else {
            for (uint32_t b = (uint32_t)b0; to != end; to += 2, at += 2 * step, b += 2) {
                mg_pair_up(to, plane, b < b_in ? mg_load_u32(image + at) : outside,
                           b + 1 < b_in ? mg_load_u32(image + at + step) : outside);
            }
        }
    }
}

/* The same of one channel. */
static void load_one(const geometry_t *g, const int8_t *image, int32_t b0, int8_t zero_point, int16_t *values) {
    int32_t a = -(int32_t)g->a.pad;
    for (uint32_t i = 0; i < g->height; i++, a++) {
        bool row = a >= 0 && a < (int32_t)g->a.in;
        uint32_t at = (uint32_t)a * g->a.in_step + (uint32_t)b0 * g->b.in_step;
        for (uint32_t j = 0; j < g->line; j++, at += g->b.in_step) {
            *values++ = row && (uint32_t)b0 + j < g->b.in ? image[at] : zero_point;
        }
    }
}

static void convolve_any(const geometry_t *g, const mg_strip_t *strip) {
    const int16_t *x = strip->x;
    int8_t *out = strip->out;
    for (uint32_t i = 0; i < strip->rows; i++, x += g->a.stride * g->line, out += strip->out_step) {
        int32_t sums[OUTPUTS];
        mg_dot_taps(sums, x, g->a.dilation * g->line, strip->taps, g->a.kernel, g->pairs, g->b.stride);
        for (uint32_t j = OUTPUTS; j-- != 0;) {
            out[j == 0 ? 0 : strip->at[j - 1]] = (int8_t)mg_requantize_twice(
                mg_wrap_add(sums[j], strip->twice_bias), strip->multiplier, strip->rounding, strip->shift);
        }
    }
}

static void convolve(const geometry_t *g, const mg_strip_t *strip) {
    if (!g->by_three) {
        convolve_any(g, strip);
    } else if (g->b.stride == 1) {
        mg_strip_by_1(strip);
    } else {
        mg_strip_by_2(strip);
    }
}

/* The outputs of `lanes` input channels from c on, of one image. */
static void convolve_channels(const mg_call_t *call, const geometry_t *g, const mg_channels_t *channels,
                              const int8_t *image, int8_t *out, uint32_t c) {
    const mg_conv_params_t *p = &call->params.conv;
    const uint32_t multiplier = p->out_c / p->in_c, plane = g->height * g->line, b_step = g->b.out_step;
    const int8_t *weights = (const int8_t *)call->data + p->weights_at;
    int16_t *values = call->scratch, *taps = values + g->lanes * plane;
    mg_strip_t strip = {.taps = taps, .rows = g->a.out, .out_step = g->a.out_step};
    for (uint32_t j = 1; j < OUTPUTS; j++) {
        strip.at[j - 1] = j < g->b.out ? j * b_step : 0;
    }
    uint32_t b = 0;
    for (;;) {
        int32_t b0 = (int32_t)(b * g->b.stride) - (int32_t)g->b.pad;
        (g->lanes == 1 ? load_one : load_four)(g, image + c, b0, p->in_zero_point, values);
        for (uint32_t k = 0; k < g->lanes * multiplier; k++) {
            uint32_t to = c * multiplier + k;
            mg_channel_t channel = mg_load_channel(channels, to);
            load_taps(g, weights + to, taps);
            strip.x = values + k / multiplier * plane;
            strip.out = out + b * b_step + to;
            strip.twice_bias = (int32_t)((uint32_t)channel.bias << 1);
            strip.multiplier = channel.multiplier;
            strip.rounding = channel.rounding;
            strip.shift = channel.shift;
            convolve(g, &strip);
        }
        if (b + OUTPUTS >= g->b.out) {
            return;
        }
        b = b + 2 * OUTPUTS <= g->b.out ? b + OUTPUTS : g->b.out - OUTPUTS;
    }
}

void mg_depthwise_strips(const mg_call_t *call) {
    const mg_conv_params_t *p = &call->params.conv;
    const geometry_t g = geometry_of(p);
    const mg_channels_t channels = mg_channels_of(call);
    const uint32_t outputs = (uint32_t)p->out_h * p->out_w * p->out_c;
    const int8_t *image = call->in[0];
    int8_t *out = call->out[0];
    for (uint32_t n = 0; n < p->batches; n++) {
        uint32_t c = 0;
        for (;;) {
            convolve_channels(call, &g, &channels, image, out, c);
            if (c + g.lanes >= p->in_c) {
                break;
            }
            c = c + 2 * g.lanes <= p->in_c ? c + g.lanes : p->in_c - g.lanes;
        }
        mg_clamp_all(&channels, out, outputs);
        image += (uint32_t)p->in_h * p->in_w * p->in_c;
        out += outputs;
    }
}
