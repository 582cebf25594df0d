/* SPDX-License-Identifier: MIT
 *
 * The per-channel half of a convolution: bias, requantisation, zero point, activation. In layout
 * PLAIN the table is int32 bias[n], int32 multiplier[n], int8 shift[n]; it may lie at any address.
 */
#ifndef MG_CHANNELS_H
#define MG_CHANNELS_H

#include "../../loops/loops.h"
#include "../kernels.h"

/* Bytes of the weights of a depthwise layer in every layout but INT4 and MVE. */
static inline uint32_t mg_depthwise_weights(const mg_conv_params_t *p) {
    return mg_times4(p->kernel_h, p->kernel_w, p->out_c, 1);
}

typedef struct {
    const uint8_t *table;
    uint32_t n;
    int32_t zero_point, min, max;
    bool clamps; /* the activation is narrower than int8 */
    bool above;  /* no output lies below the zero point: how negative sums round is of no account */
} mg_channels_t;

static inline mg_channels_t mg_channels_of(const mg_call_t *call) {
    const mg_conv_params_t *p = &call->params.conv;
    mg_channels_t channels = {call->data + p->channels_at,
                              p->out_c,
                              p->out_zero_point,
                              p->act_min,
                              p->act_max,
                              p->act_min > INT8_MIN || p->act_max < INT8_MAX,
                              p->act_min >= p->out_zero_point};
    return channels;
}

/* For any multiplier and shift. */
static inline int8_t mg_finish(const mg_channels_t *channels, uint32_t c, int32_t sum) {
    const uint8_t *at = channels->table + 4 * c;
    int32_t bias = mg_load_i32(at);
    int32_t multiplier = mg_load_i32(at + 4 * channels->n);
    int32_t shift = (int8_t)channels->table[8 * channels->n + c];
    int32_t y = mg_requantize(mg_wrap_add(sum, bias), multiplier, shift);
    return (int8_t)mg_clamp(mg_wrap_add(y, channels->zero_point), channels->min, channels->max);
}

#ifdef MG_EIGHTS
/* mg_finish of eight channels from c on, of n pixels. */
static inline void mg_finish_pixels(const mg_channels_t *channels, uint32_t c, const int32_t *sums, uint32_t sums_step,
                                    int8_t *out, uint32_t n) {
    const uint8_t *bias = channels->table + 4 * c, *shift = channels->table + 8 * channels->n + c;
    const mg_eight_t eight = {bias, bias + 4 * channels->n, shift, channels->zero_point, channels->min, channels->max};
    mg_finish_eight(out + c, channels->n, sums, sums_step, n, &eight);
}
#endif

static inline mg_channel_t mg_load_channel(const mg_channels_t *channels, uint32_t c) {
    const uint8_t *at = channels->table + sizeof(mg_channel_t) * c;
    mg_channel_t channel = {mg_load_i32(at), mg_load_i32(at + 4), mg_load_i32(at + 8), mg_load_u32(at + 12)};
    return channel;
}

void mg_clamp_outputs(const mg_channels_t *channels, int8_t *out, uint32_t n);

/* The activation of n outputs that have been saturated to int8. */
static inline void mg_clamp_all(const mg_channels_t *channels, int8_t *out, uint32_t n) {
    if (channels->clamps) {
        mg_clamp_outputs(channels, out, n);
    }
}

static inline int8_t mg_finish_short(const mg_channels_t *channels, const mg_channel_t *channel, int32_t sum) {
    int32_t y =
        mg_requantize_short(mg_wrap_add(sum, channel->bias), channel->multiplier, channel->rounding, channel->shift);
    return (int8_t)(channels->clamps ? mg_clamp(y, channels->min, channels->max) : y);
}

#endif
