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
#ifndef MG_PAIR_CHANNELS_H
#define MG_PAIR_CHANNELS_H

#include "channels.h"

typedef struct {
    mg_channel_t channel;
    mg_narrow_t narrow;
    uint32_t start[2]; /* total, upper */
    bool is_narrow;    /* accumulators stay below 2^23 whatever the inputs are */
} mg_pair_channel_t;

static inline mg_pair_channel_t mg_load_pair_channel(const mg_channels_t *channels, uint32_t c, uint32_t taps,
                                                     uint32_t blocks) {
    mg_channel_t channel = mg_load_channel(channels, c);
    uint32_t bias = (uint32_t)channel.bias;
    mg_pair_channel_t loaded = {
        channel,
        mg_narrow_of(channel.multiplier, channel.rounding, channel.shift, channels->min, channels->max),
        {bias + (bias << 16) - (blocks << 15), bias},
        taps < 256 && bias + (1u << 22) < 1u << 23,
    };
    return loaded;
}

static inline int8_t mg_finish_narrow(const mg_channels_t *channels, const mg_pair_channel_t *c, int32_t sum) {
    if (!c->is_narrow) {
        const mg_channel_t *channel = &c->channel;
        int32_t y = mg_requantize_short(sum, channel->multiplier, channel->rounding, channel->shift);
        return (int8_t)mg_clamp(y, channels->min, channels->max);
    }
    return (int8_t)mg_requantize_narrow(sum, &c->narrow);
}

static inline int32_t mg_pixel_0(const uint32_t sums[2]) {
    return (int32_t)(sums[0] - (sums[1] << 16));
}

static inline int32_t mg_pixel_1(const uint32_t sums[2]) {
    return (int32_t)sums[1];
}

#endif
