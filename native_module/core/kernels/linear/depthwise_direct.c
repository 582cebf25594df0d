/* SPDX-License-Identifier: MIT
 *
 * DEPTHWISE_CONV_2D of a few outputs: the formula of conv_i8.c with out_c = in_c. Networks that stream have such layers:
 * one output over the last k steps of time.
 *
 * Gathering the image would cost more than what it saves, and it is not needed where windows lie inside the image and
 * their taps are at one distance: channels are neighbours in the image as in the weights [taps][channels], so that
 * four of them are summed at a time.
 */
#include "depthwise_direct.h"
#include "swar_channels.h"
#include "swar_pixels.h"

#define MOST_OUTPUTS 3 /* four are as fast with what other layers do */

/* Products of sound shapes, which do not wrap; what becomes of others is of no account, since they are refused. */
mg_window_taps_t mg_window_taps(const mg_conv_params_t *p) {
    const uint32_t line = (uint32_t)p->in_w * p->in_c;
    if (p->kernel_w == 1) {
        return (mg_window_taps_t){p->kernel_h, mg_step(p->kernel_h, p->dilation_h) * line};
    }
    if (p->kernel_h == 1 || (p->kernel_w == p->in_w && p->dilation_h == 1 && p->dilation_w == 1)) {
        return (mg_window_taps_t){(uint32_t)p->kernel_h * p->kernel_w, (uint32_t)p->dilation_w * p->in_c};
    }
    return (mg_window_taps_t){0, 0};
}

bool mg_is_direct(const mg_conv_params_t *p) {
    return p->in_c == p->out_c && p->weights_zero_point == 0 && (uint32_t)p->out_h * p->out_w <= MOST_OUTPUTS
           && p->pad_top == 0 && p->pad_left == 0
           && mg_reach(p->out_h, mg_step(p->out_h, p->stride_h), p->kernel_h, p->dilation_h) <= p->in_h
           && mg_reach(p->out_w, mg_step(p->out_w, p->stride_w), p->kernel_w, p->dilation_w) <= p->in_w
           && mg_window_taps(p).step != 0;
}

/* One of the last three channels. */
static int32_t dot_lane(const int8_t *x, uint32_t x_step, const int8_t *w, uint32_t w_step, uint32_t n) {
    int32_t sum = 0;
    for (; n != 0; n--, x += x_step, w += w_step) {
        sum += *x * *w;
    }
    return sum;
}

typedef int8_t (*finish_fn)(const mg_channels_t *channels, uint32_t c, int32_t sum);

static inline __attribute__((always_inline)) void convolve(const mg_call_t *call, const int8_t *x, int8_t *y,
                                                           mg_window_taps_t taps, finish_fn finish) {
    const mg_channels_t channels = mg_channels_of(call);
    const int8_t *w = (const int8_t *)call->data + call->params.conv.weights_at;
    const uint32_t n = channels.n;
    for (uint32_t c = 0; c < n;) {
        int32_t sums[4];
        uint32_t last = c + 4;
        if (last <= n) {
            mg_dot_lanes(sums, x + c, taps.step, w + c, n, taps.n);
        } else {
            sums[0] = dot_lane(x + c, taps.step, w + c, n, taps.n);
            last = c + 1;
        }
        for (const int32_t *sum = sums; c != last; c++) {
            y[c] = finish(&channels, c, *sum++);
        }
    }
}

static inline __attribute__((always_inline)) void run(const mg_call_t *call, finish_fn finish) {
    const mg_conv_params_t *p = &call->params.conv;
    const mg_window_taps_t taps = mg_window_taps(p);
    const uint32_t line = (uint32_t)p->in_w * p->in_c;
    const int8_t *image = call->in[0];
    int8_t *y = call->out[0];
    for (uint32_t batch = 0; batch < p->batches; batch++, image += p->in_h * line) {
        for (uint32_t i = 0; i < p->out_h; i++) {
            for (uint32_t j = 0; j < p->out_w; j++, y += p->out_c) {
                convolve(call, image + i * p->stride_h * line + j * p->stride_w * p->in_c, y, taps, finish);
            }
        }
    }
}

static inline int8_t finish_short(const mg_channels_t *channels, uint32_t c, int32_t sum) {
    const mg_channel_t channel = mg_load_channel_fast(channels, c);
    return mg_finish_short(channels, &channel, sum);
}

static inline int8_t finish_fine(const mg_channels_t *channels, uint32_t c, int32_t sum) {
    const mg_fine_channel_t channel = mg_load_fine_channel(channels, c);
    const int32_t y = mg_requantize_fine(mg_wrap_add(sum, channel.bias), &channel.fine, false);
    return (int8_t)mg_clamp(y, channels->min, channels->max);
}

void mg_depthwise_direct_plain(const mg_call_t *call) {
    run(call, mg_finish);
}

void mg_depthwise_direct_short(const mg_call_t *call) {
    run(call, finish_short);
}

void mg_depthwise_direct_fine(const mg_call_t *call) {
    run(call, finish_fine);
}
