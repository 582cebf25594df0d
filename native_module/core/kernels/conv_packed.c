/* SPDX-License-Identifier: MIT
 *
 * CONV_2D with weights that the converter has packed in quads (layout 1): the formula of conv.c, with
 * the bytes in the order in which cores with 16-bit multiply-accumulate want them.
 *
 * Weights: four channels c0 .. c3 at a time, the last ones zero where out_c is no multiple of 4; in each
 * group the taps four at a time, k rounded up with zeros; four taps k0 .. k3 of four channels are
 *     c0k0 c1k0 c0k2 c1k2   c2k0 c3k0 c2k2 c3k2   c0k1 c1k1 c0k3 c1k3   c2k1 c3k1 c2k3 c3k3
 * so that sign-extending the even bytes of a word gives a pair of taps of one channel, and the odd ones
 * the same pair of the next.
 *
 * Patches are widened to 16 bits once, in the same order of pairs (k0 k2), (k1 k3), and four output
 * pixels lie side by side; then two channels of four pixels are eight sums in registers.
 *
 * The converter packs a layer only where the short requantisation of channels.h is exact.
 */
#include "channels.h"

#define PIXELS 4

static uint64_t taps_rounded(const mg_conv_params_t *p) {
    return ((uint64_t)p->kernel_h * p->kernel_w * p->in_c + 3u) & ~3ull;
}

/* Whether a pixel of the input is a patch as it lies. */
static bool is_pointwise(const mg_conv_params_t *p) {
    return p->kernel_h == 1 && p->kernel_w == 1;
}

uint64_t mg_packed_weights_size(const mg_conv_params_t *p) {
    return taps_rounded(p) * ((p->out_c + 3u) & ~3u);
}

uint64_t mg_packed_scratch_size(const mg_conv_params_t *p) {
    uint64_t k = taps_rounded(p);
    bool one_pixel = p->batches == 1 && p->out_h == 1 && p->out_w == 1;
    return (is_pointwise(p) ? 0 : k) + 2 * k * (one_pixel ? 1 : PIXELS);
}

typedef struct {
    mg_channels_t channels;
    const int8_t *weights;
    uint32_t groups; /* of four taps */
} layer_t;

/* All channels of n <= 4 pixels whose patches lie widened in `lanes`. */
static void finish_pixels(const layer_t *layer, const int16_t *lanes, int8_t *out, uint32_t n) {
    uint32_t out_c = layer->channels.n;
    const int8_t *weights = layer->weights;
    for (uint32_t c = 0; c < out_c; c += 4) {
        for (uint32_t pair = 0; pair < 4 && c + pair < out_c; pair += 2) {
            int32_t sums[2 * PIXELS];
            mg_dot_2x4(sums, weights + 2 * pair, lanes, layer->groups);
            for (uint32_t i = 0; i < 2 && c + pair + i < out_c; i++) {
                mg_channel_t channel = mg_load_channel(&layer->channels, c + pair + i);
                int8_t *y = out + c + pair + i;
                if (n == PIXELS) {
                    mg_finish_four(&layer->channels, &channel, sums + PIXELS * i, y, out_c);
                    continue;
                }
                for (uint32_t pixel = 0; pixel < n; pixel++, y += out_c) {
                    *y = mg_finish_short(&layer->channels, &channel, sums[PIXELS * i + pixel]);
                }
            }
        }
        weights += 16 * layer->groups;
    }
}

/* All channels of one pixel: a fully connected layer. */
static void finish_one_pixel(const layer_t *layer, const int16_t *lane, int8_t *out) {
    const int8_t *weights = layer->weights;
    uint32_t out_c = layer->channels.n;
    for (uint32_t c = 0; c < out_c; c += 4, weights += 16 * layer->groups) {
        int32_t sums[4];
        mg_dot_4x1(sums, weights, lane, layer->groups);
        for (uint32_t i = 0; i < 4 && c + i < out_c; i++) {
            mg_channel_t channel = mg_load_channel(&layer->channels, c + i);
            out[c + i] = mg_finish_short(&layer->channels, &channel, sums[i]);
        }
    }
}

void mg_conv2d_packed(const mg_call_t *call) {
    const mg_conv_params_t *p = &call->params.conv;
    const layer_t layer = {mg_channels_of(call), (const int8_t *)call->data + p->weights_at,
                           (uint32_t)taps_rounded(p) / 4};
    const int8_t *image = call->in[0];
    int8_t *out = call->out[0], *patch = call->scratch;
    bool pointwise = is_pointwise(p);
    int16_t *lanes = (int16_t *)(void *)(patch + (pointwise ? 0 : 4 * layer.groups));
    uint32_t k = (uint32_t)p->kernel_h * p->kernel_w * p->in_c;
    uint32_t lane_count = p->batches == 1 && p->out_h == 1 && p->out_w == 1 ? 1 : PIXELS, held = 0;
    /* Four pixels are summed even where fewer are left: what lay here before could overflow. */
    memset(lanes, 0, 8u * layer.groups * lane_count);
    for (uint32_t n = 0; n < p->batches; n++, image += (uint32_t)p->in_h * p->in_w * p->in_c) {
        for (int32_t y = 0; y < p->out_h; y++) {
            for (int32_t x = 0; x < p->out_w; x++) {
                const int8_t *from = patch;
                if (pointwise) {
                    from = image + (uint32_t)(y * p->stride_h * p->in_w + x * p->stride_w) * p->in_c;
                } else {
                    mg_gather_patch(p, image, y, x, patch);
                }
                mg_widen(lanes + 2 * held, from, k, lane_count);
                if (++held < lane_count) {
                    continue;
                }
                if (lane_count == 1) {
                    finish_one_pixel(&layer, lanes, out);
                } else {
                    finish_pixels(&layer, lanes, out, PIXELS);
                }
                out += held * p->out_c;
                held = 0;
            }
        }
    }
    if (held != 0) {
        finish_pixels(&layer, lanes, out, held);
    }
}
