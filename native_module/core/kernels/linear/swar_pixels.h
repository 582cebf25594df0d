/* SPDX-License-Identifier: MIT
 *
 * Sums of products of which two share a word.
 *
 * A word holds two pixels as x0 + x1 * 2^16, so that w times it is w * x0 + w * x1 * 2^16. A block is
 * q = 2^15 + the products of two taps, whose absolute weights are at most 255 together (the converter sees to
 * that): the lower field, A = w0 * x0 + w1 * x0' + 2^15, then lies in [0, 2^16), the upper one in
 * [-2^15, 2^15), and q >> 16 is exactly the upper one. Two sums over the blocks are enough:
 *
 *     total = sum(q) mod 2^32, upper = sum(q >> 16)
 *     sum of pixel 1 = upper,   sum of pixel 0 = total - upper * 2^16 - blocks * 2^15
 *
 * Both sums start with the bias in both fields, so that it costs nothing later.
 */
#ifndef MG_SWAR_PIXELS_H
#define MG_SWAR_PIXELS_H

#include "channels.h"

typedef struct {
    int32_t multiplier, rounding;
    uint32_t shift;
    int32_t min, max;
} mg_wide_t;

typedef struct {
    mg_narrow_t narrow;
    mg_wide_t wide;
    uint32_t start[2]; /* total, upper */
    bool reaches_2_23; /* accumulators may */
} mg_narrow_channel_t;

/* Whether the narrow requantisation is not enough: never, where the core has long products. */
static inline bool mg_is_wide(const mg_narrow_channel_t *c) {
    return MG_NARROW_BITS < 30 && c->reaches_2_23;
}

/* For any accumulator. Rare, so that it does not have to be in every loop. */
static __attribute__((noinline, unused)) int32_t mg_requantize_any(int32_t x, const mg_wide_t *c) {
    return mg_clamp(mg_requantize_short(x, c->multiplier, c->rounding, c->shift), c->min, c->max);
}

/* Tables mostly lie where words can be loaded. */
static inline mg_channel_t mg_load_channel_fast(const mg_channels_t *channels, uint32_t c) {
    const uint8_t *at = channels->table + sizeof(mg_channel_t) * c;
    if (((uintptr_t)at & 3u) != 0) {
        return mg_load_channel(channels, c);
    }
    mg_channel_t channel = {(int32_t)mg_load_word(at), (int32_t)mg_load_word(at + 4), (int32_t)mg_load_word(at + 8),
                            mg_load_word(at + 12)};
    return channel;
}

static inline mg_narrow_channel_t mg_load_narrow_channel(const mg_channels_t *channels, uint32_t c, uint32_t taps,
                                                         uint32_t blocks) {
    mg_channel_t channel = mg_load_channel_fast(channels, c);
    uint32_t bias = (uint32_t)channel.bias;
    mg_narrow_channel_t loaded = {
        mg_narrow_of(channel.multiplier, channel.rounding, channel.shift, channels->min, channels->max),
        {channel.multiplier, channel.rounding, channel.shift, channels->min, channels->max},
        {bias + (bias << 16) - (blocks << 15), bias},
        taps >= 256 || bias + (1u << 22) >= 1u << 23,
    };
    return loaded;
}

/* The output of a sum, `wide` as the channel says: a constant, so that loops hold one of the two. */
static inline int32_t mg_finish_pixel(const mg_narrow_channel_t *c, int32_t sum, bool wide) {
    return wide ? mg_requantize_any(sum, &c->wide) : mg_requantize_narrow(sum, &c->narrow);
}

static inline int32_t mg_pixel_0(const uint32_t sums[2]) {
    return (int32_t)(sums[0] - (sums[1] << 16));
}

static inline int32_t mg_pixel_1(const uint32_t sums[2]) {
    return (int32_t)sums[1];
}

#endif
