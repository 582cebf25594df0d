/* SPDX-License-Identifier: MIT
 *
 * CONV_2D with 16-bit multiply-accumulate (layout MAC16): the formula of conv_i8.c, for Xtensa with MAC16, which
 * multiplies halves of two registers while it loads a word, and has one accumulator, of 40 bits.
 *
 * Weights: a row of a multiple of four taps for each channel, with zeros behind them, each plus 128. Pixels are taken
 * in tiles, as many as the scratch holds: their patches lie there as int16, and meet one channel after the other, whose
 * weights are widened in front of them.
 *
 * A layer with a single output pixel (fully connected) uses each weight once, and where patches are large, few of them
 * share what it takes to widen one. There, byte 0 and 2 of a word are a weight plus 128, and 1 and 3 one with its sign:
 * a half is h = l + 256 u, and in units of 1/256, x u is x h less x l. With the pair (x1, x3) and the pair
 * 256 x0 - x1 + 127, 256 x2 - x3 + 127, which just fits 16 bits, a word of weights as it is and once more with its
 * upper bytes masked are four products. In front of each row lies what takes off the 127 l, and a word lies behind the
 * last row, since loads go ahead; what takes off the 128 in l is the same for all channels.
 *
 * Channel table: that of swar_channels.h.
 */
#include "swar_channels.h"

#define FLIP 128u
#define MANY_TAPS 384 /* of which so few patches fit into a scratch that widening weights is no gain */

static bool is_by_rows(const mg_conv_params_t *p) {
    return MG_DENSE_ONLY || (p->batches == 1 && p->out_h == 1 && p->out_w == 1) || mg_taps_of(p) >= MANY_TAPS;
}

static uint32_t padded_taps(const mg_conv_params_t *p) {
    return mg_round_up(mg_taps_of(p), 4);
}

static uint32_t weights_size(const mg_conv_params_t *p) {
    const uint32_t padded = padded_taps(p);
    return is_by_rows(p) ? mg_plus(mg_times(mg_plus(padded, 4), p->out_c), 4) : mg_times(padded, p->out_c);
}

/* The patches of so many pixels, and before them a channel's weights, in whose place patches are gathered; a word
 * behind them. By rows a patch, before it is widened, and then rows of weights where they are not at words. */
static uint32_t scratch_for(const mg_conv_params_t *p, uint32_t pixels) {
    const uint32_t padded = padded_taps(p);
    const uint32_t before = is_by_rows(p) ? mg_plus(padded, 8) : mg_times(2, padded);
    return mg_plus(mg_plus(before, mg_times4(2, padded, pixels, 1)), 4);
}

static inline uint32_t scratch_step(const mg_conv_params_t *p) {
    return is_by_rows(p) ? 0 : mg_times(2, padded_taps(p));
}

bool mg_conv_mac16_check(const mg_check_t *check) {
    const mg_conv_params_t *p = &check->params.conv;
    return mg_check_conv(check, weights_size(p), scratch_for(p, 1))
           && MG_OFFER_SCRATCH(check, scratch_step(p), scratch_for(p, is_by_rows(p) ? 1 : mg_pixels_of(p)));
}

/* As mg_mac16_widen, from any address; zeros behind. */
static void widen(int16_t *to, const int8_t *from, uint32_t taps, uint32_t flip) {
    uint32_t k = mg_can_load(from, 4) ? taps & ~3u : 0;
    if (k != 0) {
        mg_mac16_widen(to, (const uint8_t *)from, k / 4, flip);
    }
    for (; k < taps; k += 4) {
        uint32_t word = 0x01010101u * flip;
        memcpy(&word, from + k, taps - k < 4 ? taps - k : 4);
        mg_mac16_widen(to + k, (const uint8_t *)&word, 1, flip);
    }
}

typedef struct {
    mg_channels_t channels;
    const int8_t *weights;
    uint32_t taps, padded;
    int16_t *w, *x; /* in the scratch, x behind w */
    bool in_place;  /* the patches are the image */
} layer_t;

/* All channels of the n pixels that lie in the tile. */
static void finish_tile(const layer_t *layer, int8_t *out, uint32_t n) {
    const mg_channels_t *channels = &layer->channels;
    const uint32_t padded = layer->padded;
    const int8_t *weights = layer->weights;
    for (uint32_t c = 0; c < channels->n; c++, weights += padded) {
        const mg_fine_channel_t channel = mg_load_fine_channel(channels, c);
        const mg_mac16_pixels_t job = {layer->x,     layer->w,      padded / 4,   n, out + c, channels->n, channel.bias,
                                       channel.fine, channels->min, channels->max};
        widen(layer->w, weights, padded, FLIP);
        mg_mac16_pixels(&job);
    }
}

typedef struct {
    const mg_conv_params_t *p;
    const int8_t *image;
    uint32_t y, x;
} place_t;

/* Where the patch of an output position lies: in the image, or gathered into `room`. Moves on, row by row. */
static const int8_t *next_patch(place_t *at, int8_t *room) {
    const mg_conv_params_t *p = at->p;
    const int8_t *patch = room;
    if (mg_is_pointwise(p)) {
        patch = at->image + (at->y * p->stride_h * p->in_w + at->x * p->stride_w) * p->in_c;
    } else {
        mg_gather_patch(p, at->image, (int32_t)at->y, (int32_t)at->x, room);
    }
    if (++at->x == p->out_w) {
        at->x = 0;
        if (++at->y == p->out_h) {
            at->y = 0;
            at->image += (uint32_t)p->in_h * p->in_w * p->in_c;
        }
    }
    return patch;
}

/* The patches of the next n pixels. */
static void load_tile(const layer_t *layer, place_t *at, uint32_t n) {
    const uint32_t taps = layer->taps, padded = layer->padded;
    int16_t *to = layer->x;
    if (layer->in_place) {
        widen(to, at->image, n * taps, 0);
        at->image += n * taps;
        return;
    }
    for (; n != 0; n--, to += padded) {
        widen(to, next_patch(at, (int8_t *)layer->w), taps, 0);
    }
}

/* The two pairs of four values. Returns the sum of those that meet lower bytes. */
static inline int32_t lay_four(int16_t *to, const int8_t *x) {
    const int32_t x0 = x[0], x1 = x[1], x2 = x[2], x3 = x[3];
    to[0] = (int16_t)x1;
    to[1] = (int16_t)x3;
    to[2] = (int16_t)(256 * x0 - x1 + 127);
    to[3] = (int16_t)(256 * x2 - x3 + 127);
    return x0 + x2;
}

/* All values, and zeros behind them. Returns 128 times the sum of those that meet lower bytes. */
static int32_t lay_values(int16_t *to, const int8_t *x, uint32_t taps) {
    int32_t sum = 0;
    for (; taps >= 4; taps -= 4, x += 4, to += 4) {
        sum += lay_four(to, x);
    }
    if (taps != 0) {
        int8_t last[4] = {0, 0, 0, 0};
        memcpy(last, x, taps);
        sum += lay_four(to, last);
    }
    return (int32_t)FLIP * sum;
}

/* All channels of a pixel; `room` for a row and the word behind it. */
static void finish_pixel(const layer_t *layer, const int8_t *x, int8_t *room, int8_t *out) {
    const mg_channels_t *channels = &layer->channels;
    const uint32_t row = layer->padded + 4, size = sizeof(mg_fine_channel_t);
    int16_t *values = (int16_t *)(void *)(room + row + 4);
    const int32_t offset = -lay_values(values, x, layer->taps);
    mg_mac16_channels_t job = {values,
                               (const uint8_t *)layer->weights,
                               layer->padded / 4,
                               channels->n,
                               channels->table,
                               out,
                               offset,
                               channels->min,
                               channels->max};
    if (mg_can_load(job.w, 4) && mg_can_load(job.table, 4)) {
        mg_mac16_channels(&job);
        return;
    }
    mg_fine_channel_t channel;
    job.w = (const uint8_t *)room;
    job.table = (const uint8_t *)&channel;
    job.n = 1;
    for (uint32_t c = 0; c < channels->n; c++, job.y++) {
        memcpy(room, layer->weights + c * row, row + 4);
        memcpy(&channel, channels->table + c * size, size);
        mg_mac16_channels(&job);
    }
}

void mg_conv_mac16_run(const mg_call_t *call) {
    const mg_conv_params_t *p = &call->params.conv;
    layer_t layer = {mg_channels_of(call),
                     (const int8_t *)call->data + p->weights_at,
                     mg_taps_of(p),
                     padded_taps(p),
                     call->scratch,
                     NULL,
                     false};
    place_t at = {p, call->in[0], 0, 0};
    int8_t *out = call->out[0];
    const uint32_t pixels = (uint32_t)p->batches * p->out_h * p->out_w;
    if (is_by_rows(p)) {
        for (uint32_t i = 0; i < pixels; i++, out += p->out_c) {
            finish_pixel(&layer, next_patch(&at, call->scratch), call->scratch, out);
        }
        return;
    }
    layer.x = layer.w + layer.padded;
    layer.in_place = mg_is_pointwise(p) && p->in_h == p->out_h && p->in_w == p->out_w && layer.taps == layer.padded;
    const uint32_t room = (call->scratch_size - 4) / (2 * layer.padded) - 1; /* for so many pixels */
    for (uint32_t left = pixels, n; left != 0; left -= n, out += n * p->out_c) {
        n = left < room ? left : room;
        load_tile(&layer, &at, n);
        finish_tile(&layer, out, n);
    }
}
