/* SPDX-License-Identifier: MIT
 *
 * The channel table of layout SWAR_CHANNELS: that of channels.h with what mg_requantize_fine (simd.h) takes.
 */
#ifndef MG_SWAR_CHANNELS_H
#define MG_SWAR_CHANNELS_H

#include "channels.h"

typedef struct {
    int32_t bias;
    mg_fine_t fine;
} mg_fine_channel_t;

/* Tables mostly lie where words can be loaded. */
static inline mg_fine_channel_t mg_load_fine_channel(const mg_channels_t *channels, uint32_t c) {
    const uint8_t *at = channels->table + sizeof(mg_fine_channel_t) * c;
    if (((uintptr_t)at & 3u) != 0) {
        return (mg_fine_channel_t){mg_load_i32(at), {mg_load_i32(at + 4), mg_load_i32(at + 8), mg_load_u32(at + 12)}};
    }
    mg_fine_channel_t channel;
    memcpy(&channel, __builtin_assume_aligned(at, 4), sizeof channel);
    return channel;
}

/* The activation of n saturated outputs, a byte at a time: without vectors, words are no faster. */
static inline void mg_clamp_each(const mg_channels_t *channels, int8_t *y, uint32_t n) {
    const int32_t min = channels->min, max = channels->max;
    if (channels->clamps) {
        for (const int8_t *end = y + n; y != end; y++) {
            const int32_t value = *y;
            if (value < min) {
                *y = (int8_t)min;
            } else if (value > max) {
                *y = (int8_t)max;
            }
        }
    }
}

#endif
