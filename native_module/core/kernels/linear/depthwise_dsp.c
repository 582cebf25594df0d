/* SPDX-License-Identifier: MIT
 *
 * DEPTHWISE_CONV_2D a strip at a time (layout DSP): the formula of conv_i8.c, for cores with 16-bit
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
 * Weights are stored as in layout PLAIN; in the scratch they are doubled, and so is every sum, which is
 * what requantising wants (simd.h). Where no output lies below the zero point, most channels of 3x3 windows are
 * multiplied by a larger power of two instead, after which all are shifted by the same number (loops.h). Dilation across
 * the strip is 1. The converter gives a layer this layout only where the short requantisation (channels.h) is exact.
 */
#include "depthwise_direct.h"

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
    bool by_three;         /* the 3x3 windows of mg_dsp_strip */
    uint32_t pairs;        /* of taps across the window */
    uint32_t height, line; /* of a strip; the line in values, even */
    uint32_t above, inside; /* of its rows, those above the image and those inside it */
    uint32_t taps;         /* int16 of a channel's window */
    uint32_t lanes;        /* channels that are gathered together: four, or one where there are fewer */
} geometry_t;

/* Products of pairs. */
static uint32_t work(uint32_t a_out, uint32_t a_kernel, uint32_t b_out, uint32_t b_kernel) {
    return mg_times4((b_out + OUTPUTS - 1) / OUTPUTS, a_out, a_kernel, (b_kernel + 1) / 2);
}

static void set_geometry(geometry_t *g, const mg_conv_params_t *p) {
    const bool upright =
        p->dilation_w != 1
        || (p->dilation_h == 1
            && work(p->out_w, p->kernel_w, p->out_h, p->kernel_h) < work(p->out_h, p->kernel_h, p->out_w, p->kernel_w));
    axis_t *w = upright ? &g->a : &g->b, *h = upright ? &g->b : &g->a;
    *w = (axis_t){p->in_w, p->out_w, p->kernel_w, p->stride_w, p->dilation_w, p->pad_left, p->in_c, p->out_c, p->out_c};
    *h = (axis_t){p->in_h,
                  p->out_h,
                  p->kernel_h,
                  p->stride_h,
                  p->dilation_h,
                  p->pad_top,
                  p->in_w * w->in_step,
                  p->out_w * w->out_step,
                  p->kernel_w * w->tap_step};
    g->by_three =
        g->a.kernel == 3 && g->b.kernel == 3 && g->a.dilation == 1 && g->a.stride == g->b.stride && g->b.stride <= 2;
    g->pairs = (g->b.kernel + 1) / 2;
    g->height = mg_reach(g->a.out, g->a.stride, g->a.kernel, g->a.dilation);
    g->above = g->a.pad < g->height ? g->a.pad : g->height;
    g->inside = g->a.in < g->height - g->above ? g->a.in : g->height - g->above;
    g->line = g->by_three ? 2 + 4 * g->b.stride : ((OUTPUTS - 1) * g->b.stride + 2 * g->pairs + 1) & ~1u;
    g->taps = 2 * g->a.kernel * g->pairs;
    g->lanes = p->in_c < CHANNELS ? 1 : CHANNELS;
}

static uint32_t channel_size(const geometry_t *g) {
    return mg_plus(sizeof(mg_dsp_channel_t), mg_times(2, g->taps));
}

static uint32_t scratch_size(const mg_conv_params_t *p) {
    geometry_t g;
    set_geometry(&g, p);
    const uint32_t channels = mg_times(p->out_c / p->in_c, channel_size(&g));
    return mg_times(g.lanes, mg_plus(mg_times4(2, g.height, g.line, 1), channels));
}

/* The size of the scratch makes sense for sound shapes only, so those are checked first. */
bool mg_depthwise_dsp_check(const mg_check_t *check) {
    const mg_conv_params_t *p = &check->params.conv;
    if (p->dilation_h != 1 && p->dilation_w != 1) {
        return MG_REFUSE(check, "layout DSP with dilation in both directions: rows apart", p->dilation_h, 1);
    }
    return mg_check_conv(check, mg_depthwise_weights(p), 0)
           && (mg_is_direct(p) || mg_check_scratch(check, scratch_size(p)));
}

typedef struct {
    const mg_call_t *call;
    geometry_t g;
    mg_channels_t channels;
    mg_dsp_strip_t strip;
    uint32_t plane;   /* values of a gathered channel */
    uint32_t nothing; /* the zero point four times */
    int16_t *values;
    uint32_t multiplier;  /* output channels of one of the input */
    uint32_t count, size; /* of the mg_dsp_channel_t: how many, and bytes */
    uint8_t *held;
} layer_t;

/* The window of a channel times 2^by: rows of pairs, with (w0 w1), (w1 w2) for a row of three. */
static void load_taps(const geometry_t *g, const int8_t *weights, uint32_t by, int16_t *taps) {
    const uint32_t step = g->b.tap_step;
    const int32_t factor = 1 << by;
    for (uint32_t i = g->a.kernel; i != 0; i--, weights += g->a.tap_step) {
        if (g->by_three) {
            *taps++ = (int16_t)(factor * weights[0]);
            const int16_t middle = (int16_t)(factor * weights[step]);
            *taps++ = middle;
            *taps++ = middle;
            *taps++ = (int16_t)(factor * weights[2 * step]);
            continue;
        }
        for (uint32_t j = 0; j < 2 * g->pairs; j++) {
            *taps++ = (int16_t)(j < g->b.kernel ? factor * weights[j * step] : 0);
        }
    }
}

/* Column b of an image and the step of its rows; where there is none, the zero point again and again. */
static const uint8_t *column_of(const layer_t *layer, const int8_t *image, uint32_t b, uint32_t *step) {
    const axis_t *across = &layer->g.b;
    if (b >= across->in) {
        *step = 0;
        return (const uint8_t *)&layer->nothing;
    }
    *step = layer->g.a.in_step;
    return (const uint8_t *)image + b * across->in_step;
}

/* Gathers a strip of four channels, the first of which is at *channel, from b on: a pair of columns after the other.
 * Rows above and below the image hold the zero point already. */
static void load_four(const layer_t *layer, const int8_t *channel, uint32_t b) {
    const geometry_t *g = &layer->g;
    const uint32_t line = 2 * g->line;
    mg_columns_t columns = {layer->values + g->above * g->line, g->height * line, NULL, NULL, 0, 0, g->inside, line};
    for (uint32_t end = b + g->line; b != end; b += 2, columns.to += 2) {
        columns.a = column_of(layer, channel, b, &columns.a_step);
        columns.b = column_of(layer, channel, b + 1, &columns.b_step);
        mg_pair_columns(&columns);
    }
}

/* The same of one channel. */
static void load_one(const layer_t *layer, const int8_t *image, uint32_t b) {
    const geometry_t *g = &layer->g;
    int16_t *values = layer->values + g->above * g->line;
    for (uint32_t end = b + g->line; b != end; b++, values++) {
        uint32_t step;
        const uint8_t *x = column_of(layer, image, b, &step);
        const int16_t *last = values + g->inside * g->line;
        for (int16_t *to = values; to != last; to += g->line, x += step) {
            *to = (int8_t)*x;
        }
    }
}

static void convolve_any(const geometry_t *g, const mg_dsp_strip_t *strip) {
    const mg_dsp_channel_t *channel = strip->channel;
    const uint32_t at[OUTPUTS] = {0, strip->second, strip->third, strip->fourth};
    const uint32_t next = mg_step(g->a.out, g->a.stride) * g->line;
    const int16_t *x = strip->x;
    int8_t *out = strip->out;
    for (uint32_t i = 0; i < g->a.out; i++, x += next, out += strip->out_step) {
        int32_t sums[OUTPUTS];
        mg_dot_taps(sums, x, g->a.dilation * g->line, channel->taps, g->a.kernel, g->pairs, g->b.stride);
        for (uint32_t j = OUTPUTS; j-- != 0;) {
            out[at[j]] = (int8_t)mg_requantize_twice(mg_wrap_add(sums[j], channel->bias), channel->multiplier,
                                                     channel->rounding, channel->shift);
        }
    }
}

/* All channels of a strip. */
static void convolve(const geometry_t *g, mg_dsp_strip_t *strip) {
    if (g->by_three) {
        mg_dsp_strip(strip, g->b.stride);
        return;
    }
    for (uint32_t k = strip->count; k != 0; k--, mg_next_channel(strip)) {
        convolve_any(g, strip);
    }
}

static mg_dsp_channel_t *held_channel(const layer_t *layer, uint32_t k) {
    return (mg_dsp_channel_t *)(void *)(layer->held + k * layer->size);
}

/* Makes output channel c ready, and returns by which power of two its window is to be multiplied. */
static uint32_t load_channel(const layer_t *layer, uint32_t c, mg_dsp_channel_t *held) {
    uint32_t by = 1;
    memcpy(held, layer->channels.table + sizeof(mg_channel_t) * c, sizeof(mg_channel_t));
#ifdef MG_STRIP_SHIFT
    const uint32_t most = MG_STRIP_SHIFT + 1 - held->shift;
    if (layer->g.by_three && layer->channels.above && most - 2 <= 6 && (uint32_t)held->bias + (1u << 22) < 1u << 23) {
        by = most;
        held->rounding = (int32_t)((2 * (uint32_t)held->rounding + 1) << (by - 2));
        held->shift = 0;
    }
#endif
    held->bias = (int32_t)((uint32_t)held->bias << by);
    return by;
}

/* The output channels of the input channels that are gathered from c on. */
static void load_channels(const layer_t *layer, uint32_t c) {
    const mg_call_t *call = layer->call;
    const int8_t *weights = (const int8_t *)call->data + call->params.conv.weights_at;
    uint32_t to = c * layer->multiplier;
    for (uint32_t k = 0; k < layer->count; k++, to++) {
        mg_dsp_channel_t *held = held_channel(layer, k);
        load_taps(&layer->g, weights + to, load_channel(layer, to, held), held->taps);
    }
}

/* What all strips have in common. Where fewer outputs lie across, the last ones are written where others follow. */
static void set_strip(mg_dsp_strip_t *strip, const geometry_t *g, const mg_channels_t *channels) {
    const uint32_t step = g->b.out_step, outputs = g->b.out;
    strip->second = outputs > 1 ? step : 0;
    strip->third = outputs > 2 ? 2 * step : 0;
    strip->fourth = outputs > 3 ? 3 * step : 0;
    strip->out_step = g->a.out_step;
    strip->rows = g->a.out;
#ifdef MG_ISA_MAC16
    strip->min = channels->min;
    strip->max = channels->max;
#else
    (void)channels;
#endif
}

/* The outputs of the input channels that are gathered from c on, of one image. */
static void convolve_channels(layer_t *layer, const int8_t *image, int8_t *out, uint32_t c) {
    const geometry_t *g = &layer->g;
    const uint32_t multiplier = layer->multiplier;
    mg_dsp_strip_t *strip = &layer->strip;
    load_channels(layer, c);
    for (uint32_t b = 0;;) {
        if (g->inside != 0) {
            const uint32_t first = b * g->b.stride - g->b.pad;
            if (g->lanes == 1) {
                load_one(layer, image + c, first);
            } else {
                load_four(layer, image + c, first);
            }
        }
        for (uint32_t k = 0; k < layer->count; k += strip->count) {
            strip->x = layer->values + k / multiplier * layer->plane;
            strip->out = out + b * g->b.out_step + c * multiplier + k;
            strip->channel = held_channel(layer, k);
            convolve(g, strip);
        }
        if (b + OUTPUTS >= g->b.out) {
            return;
        }
        b = b + 2 * OUTPUTS <= g->b.out ? b + OUTPUTS : g->b.out - OUTPUTS;
    }
}

void mg_depthwise_dsp_run(const mg_call_t *call) {
    const mg_conv_params_t *p = &call->params.conv;
    if (mg_is_direct(p)) {
        mg_depthwise_direct_short(call);
        return;
    }
    const uint32_t outputs = (uint32_t)p->out_h * p->out_w * p->out_c;
    const int8_t *image = call->in[0];
    int8_t *out = call->out[0];
    layer_t layer;
    layer.call = call;
    layer.channels = mg_channels_of(call);
    set_geometry(&layer.g, p);
    set_strip(&layer.strip, &layer.g, &layer.channels);
    layer.plane = layer.g.height * layer.g.line;
    layer.size = channel_size(&layer.g);
    layer.multiplier = (uint32_t)p->out_c / p->in_c;
    layer.count = layer.g.lanes * layer.multiplier;
    layer.held = call->scratch;
    layer.strip.size = layer.size;
    layer.strip.count = layer.multiplier == 1 ? layer.count : layer.multiplier; /* of all planes, or of one each */
    layer.strip.plane = layer.multiplier == 1 ? layer.plane : 0;
    layer.values = (int16_t *)(void *)(layer.held + layer.count * layer.size);
    layer.nothing = 0x01010101u * (uint8_t)p->in_zero_point;
    for (uint32_t i = 0; i < layer.g.lanes * layer.plane; i++) {
        layer.values[i] = p->in_zero_point;
    }
    const uint32_t lanes = layer.g.lanes;
    for (uint32_t n = 0; n < p->batches; n++) {
        for (uint32_t c = 0;;) {
            convolve_channels(&layer, image, out, c);
            if (c + lanes >= p->in_c) {
                break;
            }
            c = c + 2 * lanes <= p->in_c ? c + lanes : p->in_c - lanes;
        }
#ifdef MG_ISA_MAC16
        if (!layer.g.by_three)
#endif
            mg_clamp_all(&layer.channels, out, outputs);
        image += (uint32_t)p->in_h * p->in_w * p->in_c;
        out += outputs;
    }
}
