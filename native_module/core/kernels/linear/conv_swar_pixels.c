/* SPDX-License-Identifier: MIT
 *
 * CONV_2D with two pixels in a word (layout SWAR_PIXELS): the formula of conv_i8.c, for cores that multiply one number
 * at a time. swar_pixels.h tells how one multiplication gives two products.
 *
 * Weights: two channels at a time, the last one zero where out_c is odd; in each group the taps two at a
 * time, their number a multiple of four with zeros: c0k0 c0k1 c1k0 c1k1. Pixels are taken in tiles, as many as
 * the scratch holds: their patches lie there in pairs, and CHUNK taps of two channels at a time, expanded to
 * words, meet all of them.
 *
 * A layer with a single output pixel (fully connected) pairs channels instead: four channels at a time, tap
 * after tap, bytes c0 c2 c1 c3, each plus 128, so that masks take the pairs (c0 c1) and (c2 c3) out of a word.
 * With x0 and x1 the values of a block, its products are those of the signed weights when 128 (x0 + x1) is taken
 * from both fields, once for all channels: the scratch holds x0, x1, 2^15 - 128 (x0 + x1) (2^16 + 1), block after
 * block, as many as there is room for.
 *
 * The converter packs a layer only where the short requantisation of channels.h is exact, no two neighbouring
 * weights of a channel are larger than 255 together, and none is -128.
 */
#include "swar_pixels.h"

#define CHUNK 72 /* half of 3x3 taps of 16 channels, a quarter of 32 */

static bool is_one_pixel(const mg_conv_params_t *p) {
    return MG_DENSE_ONLY || (p->batches == 1 && p->out_h == 1 && p->out_w == 1);
}

static uint32_t weights_size(const mg_conv_params_t *p) {
    return mg_times(mg_round_up(mg_taps_of(p), 4), mg_round_up(p->out_c, is_one_pixel(p) ? 4 : 2));
}

/* A chunk of two channels as words, and in its place before that the patches of a pair. */
static uint32_t weights_room(const mg_conv_params_t *p, uint32_t taps) {
    const uint32_t chunk = 8 * (taps < CHUNK ? mg_round_up(taps, 4) : CHUNK);
    const uint32_t patches = mg_is_pointwise(p) ? 0 : mg_times(2, taps);
    return chunk > patches ? chunk : mg_round_up(patches, 4);
}

/* Of a pair: its words, and its sums where there are several chunks. */
static uint32_t pair_room(uint32_t taps) {
    return mg_plus(mg_times(4, mg_round_up(taps, 4)), taps > CHUNK ? 16 : 0);
}

/* Of one pixel: the sums of four channels, where there are several chunks. */
static uint32_t sums_room(const mg_conv_params_t *p) {
    return mg_times(4, mg_round_up(p->out_c, 4));
}

/* The least, for tiles of one pair, or for chunks of the values of one pixel. More makes it faster. */
static uint32_t scratch_size(const mg_conv_params_t *p) {
    const uint32_t taps = mg_taps_of(p), padded = mg_round_up(taps, 4);
    if (is_one_pixel(p)) {
        const uint32_t values = mg_times(6, padded), chunks = mg_plus(sums_room(p), 6 * CHUNK);
        return mg_plus(mg_is_pointwise(p) ? 0 : padded, values < chunks ? values : chunks);
    }
    return mg_plus(weights_room(p, taps), pair_room(taps));
}

/* For another pair, or for another block of one pixel's values and its sums. */
static inline uint32_t scratch_step(const mg_conv_params_t *p) {
    return is_one_pixel(p) ? 24 : pair_room(mg_taps_of(p));
}

/* For all pairs, or for all values at once. */
static inline uint32_t scratch_most(const mg_conv_params_t *p) {
    const uint32_t taps = mg_taps_of(p), padded = mg_round_up(taps, 4), pixels = mg_pixels_of(p);
    return is_one_pixel(p) ? mg_times(mg_is_pointwise(p) ? 6 : 7, padded)
                           : mg_plus(weights_room(p, taps), mg_times(pair_room(taps), pixels / 2 + pixels % 2));
}

bool mg_conv_swar_pixels_check(const mg_check_t *check) {
    const mg_conv_params_t *p = &check->params.conv;
    return mg_check_conv(check, weights_size(p), scratch_size(p))
           && MG_OFFER_SCRATCH(check, scratch_step(p), scratch_most(p));
}

/* The output position that comes next, row by row. */
typedef struct {
    const mg_conv_params_t *p;
    const int8_t *image;
    int32_t y, x;
} place_t;

/* Where the patch of the place lies: in the image, or gathered into `room`. Moves on. */
static const int8_t *next_patch(place_t *at, int8_t *room) {
    const mg_conv_params_t *p = at->p;
    const int8_t *patch = room;
    if (mg_is_pointwise(p)) {
        patch = at->image + (uint32_t)(at->y * p->stride_h * p->in_w + at->x * p->stride_w) * p->in_c;
    } else {
        mg_gather_patch(p, at->image, at->y, at->x, room);
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

typedef struct {
    mg_channels_t channels;
    const int8_t *weights;
    uint32_t taps, padded; /* padded: with the zeros behind them */
    int32_t *w, *x;
    uint32_t (*sums)[4]; /* of each pair, where there are several chunks */
} layer_t;

/* Two channels of the pairs in the tile, as they are summed chunk by chunk. */
typedef struct {
    const mg_narrow_channel_t *first, *second;
    const uint32_t *sums; /* what the chunks so far gave the first pair */
    uint32_t step;        /* to the next pair's, 0 where all are still the same */
    uint32_t k, n;        /* the chunk of taps that is expanded */
} channels_t;

/* Where there is no second channel or pixel, its place is that of the first, which is written last. */
static inline __attribute__((always_inline)) void finish_words(const layer_t *layer, const channels_t *c, int8_t *y,
                                                               uint32_t n, bool wide) {
    const uint32_t padded = layer->padded, out_c = layer->channels.n, next = c->first != c->second, groups = c->n / 4;
    const int32_t *x = layer->x + c->k, *end = x + n / 2 * padded, *w = layer->w;
    const uint32_t *from = c->sums, step = c->step;
    for (uint32_t across = out_c;; across = 0, end += padded) { /* all pairs, then half a one */
        for (; x != end; x += padded, from += step, y += 2 * out_c) {
            uint32_t sums[4] = {from[0], from[1], from[2], from[3]};
            mg_dot_words(sums, w, x, groups);
            y[across + next] = (int8_t)mg_finish_pixel(c->second, mg_pixel_1(sums + 2), wide);
            y[next] = (int8_t)mg_finish_pixel(c->second, mg_pixel_0(sums + 2), wide);
            y[across] = (int8_t)mg_finish_pixel(c->first, mg_pixel_1(sums), wide);
            y[0] = (int8_t)mg_finish_pixel(c->first, mg_pixel_0(sums), wide);
        }
        if (n % 2 == 0 || across == 0) {
            return;
        }
    }
}

/* All chunks but the last one, which finish_words adds. Returns the weights of the last one. */
static const int8_t *sum_chunks(const layer_t *layer, channels_t *c, const int8_t *weights, uint32_t pairs) {
    for (; layer->padded - c->k > CHUNK; c->k += CHUNK, weights += 2 * CHUNK) {
        const int32_t *x = layer->x + c->k;
        mg_expand(layer->w, weights, 2 * CHUNK);
        for (uint32_t i = 0; i < pairs; i++, x += layer->padded) {
            uint32_t *sums = layer->sums[i];
            if (c->k == 0) {
                memcpy(sums, c->sums, sizeof layer->sums[i]);
            }
            mg_dot_words(sums, layer->w, x, CHUNK / 4);
        }
    }
    if (c->k != 0) {
        c->sums = layer->sums[0];
        c->step = 4;
    }
    c->n = layer->padded - c->k;
    return weights;
}

/* All channels of the n pixels that lie in the tile. */
static void finish_tile(const layer_t *layer, int8_t *out, uint32_t n) {
    const uint32_t out_c = layer->channels.n, padded = layer->padded;
    const int8_t *weights = layer->weights;
    for (uint32_t c = 0; c < out_c; c += 2, weights += 2 * padded) {
        mg_narrow_channel_t both[2];
        uint32_t count = out_c - c == 1 ? 1 : 2;
        for (uint32_t i = 0; i < count; i++) {
            both[i] = mg_load_narrow_channel(&layer->channels, c + i, layer->taps, padded / 2);
        }
        const mg_narrow_channel_t *first = &both[0], *second = &both[count - 1];
        const uint32_t start[4] = {first->start[0], first->start[1], second->start[0], second->start[1]};
        channels_t channels = {first, second, start, 0, 0, 0};
        const int8_t *last = sum_chunks(layer, &channels, weights, (n + 1) / 2);
        mg_expand(layer->w, last, 2 * channels.n);
        if (mg_is_wide(first) || mg_is_wide(second)) {
            finish_words(layer, &channels, out + c, n, true);
        } else {
            finish_words(layer, &channels, out + c, n, false);
        }
    }
}

/* Two values and what makes signed products of theirs. */
static inline int32_t *lay_block(int32_t *to, int32_t x0, int32_t x1) {
    to[0] = x0;
    to[1] = x1;
    to[2] = (int32_t)(0x8000u - (uint32_t)(x0 + x1) * 0x00800080u);
    return to + 3;
}

/* The blocks of n values, and zeros behind them. */
static void lay_values(int32_t *to, const int8_t *x, uint32_t n, uint32_t padded) {
    const int32_t *end = to + padded / 2 * 3;
    for (; n > 1; n -= 2, x += 2) {
        to = lay_block(to, x[0], x[1]);
    }
    if (n != 0) {
        to = lay_block(to, *x, 0);
    }
    while (to != end) {
        to = lay_block(to, 0, 0);
    }
}

/* Four channels of one pixel. Not inlined, for the sake of the registers. */
static __attribute__((noinline)) void finish_columns(const mg_channels_t *channels, uint32_t c, const uint32_t sums[4],
                                                     int8_t *out) {
    const int32_t values[4] = {mg_pixel_0(sums), mg_pixel_1(sums), mg_pixel_0(sums + 2), mg_pixel_1(sums + 2)};
    const int32_t *value = values;
    for (const uint32_t end = channels->n - c < 4 ? channels->n : c + 4; c < end; c++) {
        const mg_channel_t channel = mg_load_channel_fast(channels, c);
        out[c] = mg_finish_short(channels, &channel, *value++);
    }
}

/* x its values; sums and blocks lie in so many bytes of the scratch. */
static __attribute__((noinline)) void finish_one_pixel(const layer_t *layer, const int8_t *x, int32_t *scratch,
                                                       uint32_t room, int8_t *out) {
    const uint32_t out_c = layer->channels.n, padded = layer->padded, groups = (out_c + 3) / 4;
    const uint32_t start[4] = {0u - (padded << 14), 0, 0u - (padded << 14), 0};
    uint32_t (*sums)[4] = (uint32_t (*)[4])(void *)scratch, most = padded;
    if (room < 6 * padded) {
        scratch += 4 * groups;
        most = (room - 16 * groups) / 24 * 4;
    }
    for (uint32_t k = 0, n; k < padded; k += n) {
        const int8_t *weights = layer->weights + 4 * k;
        n = padded - k < most ? padded - k : most;
        lay_values(scratch, x + k, layer->taps - k < n ? layer->taps - k : n, n);
        for (uint32_t c = 0; c < out_c; c += 4, weights += 4 * padded) {
            const uint32_t *from = k == 0 ? start : sums[c / 4];
            uint32_t four[4] = {from[0], from[1], from[2], from[3]};
            mg_dot_columns(four, weights, scratch, n / 4);
            if (k + n == padded) {
                finish_columns(&layer->channels, c, four, out);
                continue;
            }
            for (uint32_t i = 0; i < 4; i++) {
                sums[c / 4][i] = four[i];
            }
        }
    }
}

void mg_conv_swar_pixels_run(const mg_call_t *call) {
    const mg_conv_params_t *p = &call->params.conv;
    layer_t layer = {
        .channels = mg_channels_of(call), .weights = (const int8_t *)call->data + p->weights_at, .taps = mg_taps_of(p)};
    int8_t *out = call->out[0];
    place_t at = {p, call->in[0], 0, 0};
    const uint32_t padded = layer.padded = (layer.taps + 3) & ~3u;
    if (is_one_pixel(p)) {
        uint32_t patch = mg_is_pointwise(p) ? 0 : padded;
        finish_one_pixel(&layer, next_patch(&at, call->scratch), (int32_t *)call->scratch + patch / 4,
                         call->scratch_size - patch, out);
        return;
    }
    const uint32_t before = weights_room(p, layer.taps);
    const uint32_t room = (call->scratch_size - before) / pair_room(layer.taps); /* for so many pairs */
    int8_t *patch = call->scratch;
    layer.w = call->scratch;
    layer.x = layer.w + before / 4;
    layer.sums = (uint32_t (*)[4])(void *)(layer.x + padded * room);
    for (uint32_t left = (uint32_t)p->batches * p->out_h * p->out_w, n; left != 0; left -= n, out += n * p->out_c) {
        n = left < 2 * room ? left : 2 * room;
        int32_t *words = layer.x;
        for (uint32_t i = 0; i < n; i += 2, words += padded) {
            const int8_t *a = next_patch(&at, patch);
            const int8_t *b = i + 1 < n ? next_patch(&at, patch + layer.taps) : a;
            mg_pair_up(words, a, b, layer.taps);
            for (uint32_t k = layer.taps; k < padded; k++) {
                words[k] = 0;
            }
        }
        finish_tile(&layer, out, n);
    }
}
