/* SPDX-License-Identifier: MIT
 *
 * CONV_2D with weights that the converter has packed in pairs of channels (layout 1): the formula of
 * conv.c, with the bytes in the order in which cores with 16-bit multiply-accumulate want them.
 *
 * Weights: two channels a, b at a time, the last one zero where out_c is odd; in each pair the taps four
 * at a time, k rounded up with zeros. Four taps are four int16, a[k] + 256 * b[k], in the order
 * k0 k2 k1 k3. A word times a pair of values is therefore the sum of both channels, b's 256-fold; its
 * even bytes, sign-extended, give a's sum, and b's is the difference / 256. This saves extending b's
 * weights. It wants |bias of b| + 128 * sum |b| < 2^23, and no weight of -128 below a negative one.
 * The channel table (channels.h) has an even number of channels.
 *
 * Patches are widened to 16 bits once, in the same order of pairs (k0 k2), (k1 k3), and four output
 * pixels lie side by side; then two channels of four pixels are eight sums in registers.
 *
 * The converter packs a layer only where all that and the short requantisation of channels.h is exact.
 */
#include "channels.h"

#define PIXELS 4

static uint64_t taps_of(const mg_conv_params_t *p) {
    return (uint64_t)p->kernel_h * p->kernel_w * p->in_c;
}

static uint64_t taps_rounded(const mg_conv_params_t *p) {
    return (taps_of(p) + 3u) & ~3ull;
}

static bool is_pointwise(const mg_conv_params_t *p) {
    return p->kernel_h == 1 && p->kernel_w == 1;
}

uint64_t mg_pairs_weights_size(const mg_conv_params_t *p) {
    return taps_rounded(p) * ((p->out_c + 1u) & ~1u);
}

uint64_t mg_pairs_table_size(const mg_conv_params_t *p) {
    return sizeof(mg_channel_t) * (uint64_t)((p->out_c + 1u) & ~1u);
}

/* The lanes of four pixels, or of one where there are fewer, and behind them a patch of bytes. */
uint64_t mg_pairs_scratch_size(const mg_conv_params_t *p) {
    uint64_t k = taps_rounded(p), pixels = (uint64_t)p->batches * p->out_h * p->out_w;
    return 2 * k * (pixels < PIXELS ? 1 : PIXELS) + (is_pointwise(p) ? 0 : taps_of(p));
}

/* Widens the patch of an output pixel into every `step`-th pair of lanes. */
static void load_pixel(const mg_conv_params_t *p, const int8_t *image, int32_t y, int32_t x, int16_t *lanes,
                       uint32_t step, int8_t *patch) {
    uint32_t tap = p->in_c, row = p->kernel_w * tap, line = p->in_w * tap;
    int32_t y0 = y * p->stride_h - p->pad_top, x0 = x * p->stride_w - p->pad_left;
    if (is_pointwise(p)) { /* no padding, so the patch is a pixel of the input */
        mg_widen(lanes, image + (uint32_t)y0 * line + (uint32_t)x0 * tap, tap, step);
        return;
    }
    bool inside = x0 >= 0 && x0 + p->kernel_w <= p->in_w && y0 >= 0 && y0 + (p->kernel_h - 1) * p->dilation_h < p->in_h;
    if (inside && p->dilation_w == 1 && row % 4 == 0) { /* whole rows, in groups of four taps */
        const int8_t *from = image + (uint32_t)y0 * line + (uint32_t)x0 * tap;
        for (uint32_t i = 0; i < p->kernel_h; i++, from += p->dilation_h * line, lanes += row * step) {
            mg_widen(lanes, from, row, step);
        }
        return;
    }
    mg_gather_patch(p, image, y, x, patch);
    mg_widen(lanes, patch, row * p->kernel_h, step);
}

void mg_conv2d_pairs(const mg_call_t *call) {
    const mg_conv_params_t *p = &call->params.conv;
    const mg_channels_t channels = mg_channels_of(call);
    const mg_pairs_t layer = {(const int8_t *)call->data + p->weights_at, channels.table, p->out_c,
                              (uint32_t)taps_rounded(p) / 4};
    const int8_t *image = call->in[0];
    int8_t *out = call->out[0];
    int16_t *lanes = call->scratch;
    uint32_t left = (uint32_t)p->batches * p->out_h * p->out_w, held = 0;
    int8_t *patch = (int8_t *)(lanes + 4 * layer.groups * (left < PIXELS ? 1 : PIXELS));
    for (uint32_t n = 0; n < p->batches; n++, image += (uint32_t)p->in_h * p->in_w * p->in_c) {
        for (int32_t y = 0; y < p->out_h; y++) {
            for (int32_t x = 0; x < p->out_w; x++) {
                if (left < PIXELS) {
                    load_pixel(p, image, y, x, lanes, 1, patch);
                    mg_pairs_of_one(&layer, lanes, out);
                    mg_clamp_all(&channels, out, p->out_c);
                    out += p->out_c;
                    continue;
                }
                load_pixel(p, image, y, x, lanes + 2 * held, PIXELS, patch);
                if (++held == PIXELS) {
                    mg_pairs_of_four(&layer, lanes, out);
                    mg_clamp_all(&channels, out, PIXELS * (uint32_t)p->out_c);
                    out += PIXELS * p->out_c;
                    left -= PIXELS;
                    held = 0;
                }
            }
        }
    }
}
