/* SPDX-License-Identifier: MIT
 *
 * CONV_2D and DEPTHWISE_CONV_2D of layout PLAIN on PCs: the formulas of conv_i8.c, 16 channels at a time.
 *
 * Weights are widened to int16 on the stack, in the order that the vectors want (MG_WIDE_AT in loops.h), once for all
 * pixels; an odd last tap gets a neighbour of zeros. A tile of a convolution is four pixels, widened as well, times 16
 * channels. A depthwise layer reads its image where it lies: what hangs over reads a row of zero points instead.
 */
#include "wide.h"

#ifdef MG_EIGHTS

#define MOST_WIDENED 16384u /* weights on the stack, and taps of four pixels */
#define MOST_WINDOW 64u     /* taps of a depthwise layer */
#define FEWEST_PIXELS 4u    /* below, to widen a weight costs more than to use it */

/* Where an output is, and the image that it is made of. */
typedef struct {
    const int8_t *image;
    int32_t y, x;
} place_t;

static void move_on(const mg_conv_params_t *p, place_t *at) {
    if (++at->x == p->out_w) {
        at->x = 0;
        if (++at->y == p->out_h) {
            at->y = 0;
            at->image += (size_t)p->in_h * p->in_w * p->in_c;
        }
    }
}

/* The inputs under a pixel, widened. */
static void widen_patch(const mg_call_t *call, place_t at, uint32_t taps, int16_t *to) {
    const mg_conv_params_t *p = &call->params.conv;
    const int8_t *from = call->scratch;
    if (mg_is_pointwise(p)) {
        from = at.image + (uint32_t)(at.y * p->stride_h * p->in_w + at.x * p->stride_w) * p->in_c;
    } else {
        mg_gather_patch(p, at.image, at.y, at.x, call->scratch);
    }
    for (uint32_t i = 0; i < taps; i++) {
        to[i] = from[i];
    }
}

/* The outputs of up to 16 channels from `first` on, of n pixels, from their sums. */
static void finish(const mg_channels_t *channels, uint32_t first, uint32_t last, int32_t sums[MG_WIDE_PIXELS][16],
                   int8_t *out, uint32_t n) {
    uint32_t c = first;
    for (; c + 8 <= last; c += 8) {
        mg_finish_pixels(channels, c, &sums[0][c - first], 16, out, n);
    }
    for (; c < last; c++) {
        for (uint32_t i = 0; i < n; i++) {
            out[i * channels->n + c] = mg_finish(channels, c, sums[i][c - first]);
        }
    }
}

/* Channels first to last of all pixels. */
static void convolve(const mg_call_t *call, const mg_channels_t *channels, uint32_t first, uint32_t last, uint32_t taps,
                     const int16_t *weights) {
    const uint32_t pixels = mg_pixels_of(&call->params.conv), even = (taps + 1) & ~1u;
    int16_t values[MOST_WIDENED / 4];
    int8_t *out = call->out[0];
    place_t at = {call->in[0], 0, 0};
    memset(values, 0, sizeof *values * MG_WIDE_PIXELS * even);
    for (uint32_t done = 0; done < pixels; done += MG_WIDE_PIXELS, out += MG_WIDE_PIXELS * channels->n) {
        const uint32_t n = pixels - done < MG_WIDE_PIXELS ? pixels - done : MG_WIDE_PIXELS;
        int32_t sums[MG_WIDE_PIXELS][16];
        for (uint32_t i = 0; i < n; i++, move_on(&call->params.conv, &at)) {
            widen_patch(call, at, taps, values + i * even);
        }
        for (uint32_t c = first; c < last; c += 16) {
            mg_wide_tile(sums, values, even, weights + (c - first) * even, even / 2);
            finish(channels, c, last - c < 16 ? last : c + 16, sums, out, n);
        }
    }
}

bool mg_conv_wide(const mg_call_t *call) {
    const mg_conv_params_t *p = &call->params.conv;
    const uint32_t taps = mg_taps_of(p), even = (taps + 1) & ~1u;
    if (taps > MOST_WIDENED / 16 || mg_pixels_of(p) < FEWEST_PIXELS || p->weights_zero_point != 0) {
        return false;
    }
    const mg_channels_t channels = mg_channels_of(call);
    const int8_t *w = (const int8_t *)call->data + p->weights_at;
    const uint32_t group = MOST_WIDENED / even & ~15u; /* channels whose weights are widened together */
    int16_t weights[MOST_WIDENED];
    for (uint32_t first = 0; first < p->out_c; first += group) {
        const uint32_t last = p->out_c - first < group ? p->out_c : first + group;
        memset(weights, 0, sizeof *weights * even * ((last - first + 15) & ~15u));
        for (uint32_t c = first; c < last; c += 16) {
            mg_wide_pack(weights + (c - first) * even, w + c * taps, taps, last - c < 16 ? last - c : 16);
        }
        convolve(call, &channels, first, last, taps, weights);
    }
    return true;
}

/* The taps of a window, MG_WIDE_PIXELS apart, each where its first channel is: what hangs over, where `beside` is. */
static void find_taps(const mg_conv_params_t *p, place_t at, const int8_t *beside, const int8_t **taps) {
    const int64_t step = (int64_t)p->dilation_w * p->in_c;
    int32_t y = at.y * p->stride_h - p->pad_top;
    for (uint32_t ky = 0; ky < p->kernel_h; ky++, y += p->dilation_h) {
        const bool inside = y >= 0 && y < p->in_h;
        int32_t x = at.x * p->stride_w - p->pad_left;
        int64_t from = ((int64_t)y * p->in_w + x) * p->in_c;
        for (uint32_t kx = 0; kx < p->kernel_w; kx++, x += p->dilation_w, from += step, taps += MG_WIDE_PIXELS) {
            *taps = inside && x >= 0 && x < p->in_w ? at.image + from : beside;
        }
    }
}

/* The last n < 8 channels. */
static void dot_channels(int32_t sums[MG_WIDE_PIXELS][16], const int8_t *const *taps, uint32_t c,
                         const int16_t *weights, uint32_t even, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t p = 0; p < MG_WIDE_PIXELS; p++) {
            sums[p][i] = 0;
            for (uint32_t t = 0; t < even; t++) {
                sums[p][i] += taps[t * MG_WIDE_PIXELS + p][c + i] * weights[MG_WIDE_AT(t, i)];
            }
        }
    }
}

/* The k taps of n <= 16 channels of a depthwise layer, which are `step` apart. */
static void widen_windows(int16_t *to, const int8_t *w, uint32_t step, uint32_t k, uint32_t n) {
    for (uint32_t t = 0; t < k; t++, w += step) {
        for (uint32_t c = 0; c < n; c++) {
            to[MG_WIDE_AT(t, c)] = w[c];
        }
    }
}

/* All channels of n pixels. */
static void convolve_windows(const mg_channels_t *channels, const int8_t *const *taps, const int16_t *weights,
                             uint32_t even, int8_t *out, uint32_t n) {
    const uint32_t out_c = channels->n;
    int32_t sums[MG_WIDE_PIXELS][16];
    for (uint32_t c = 0; c < out_c; c += 8) {
        const int16_t *w = weights + c / 16 * 16 * even + MG_WIDE_AT(0, c % 16);
        if (out_c - c >= 8) {
            mg_wide_window(sums, taps, c, w, even / 2);
            mg_finish_pixels(channels, c, sums[0], 16, out, n);
        } else {
            dot_channels(sums, taps, c, w, even, out_c - c);
            finish(channels, c, out_c, sums, out, n);
        }
    }
}

bool mg_depthwise_wide(const mg_call_t *call) {
    const mg_conv_params_t *p = &call->params.conv;
    const uint32_t out_c = p->out_c, k = (uint32_t)p->kernel_h * p->kernel_w, even = (k + 1) & ~1u;
    const uint32_t size = mg_times(even, (out_c + 15) & ~15u), pixels = mg_pixels_of(p);
    if (k > MOST_WINDOW || size > MOST_WIDENED || p->in_c != out_c || pixels < FEWEST_PIXELS
        || p->weights_zero_point != 0) {
        return false;
    }
    const mg_channels_t channels = mg_channels_of(call);
    const int8_t *w = (const int8_t *)call->data + p->weights_at, *taps[MOST_WINDOW * MG_WIDE_PIXELS];
    const int8_t *beside = call->in[0]; /* of a pointwise layer, which has no scratch, nothing hangs over */
    int8_t *out = call->out[0];
    place_t at = {call->in[0], 0, 0};
    int16_t weights[MOST_WIDENED];
    memset(weights, 0, sizeof *weights * size);
    for (uint32_t c = 0; c < out_c; c += 16) {
        widen_windows(weights + c * even, w + c, out_c, k, out_c - c < 16 ? out_c - c : 16);
    }
    if (!mg_is_pointwise(p)) {
        beside = memset(call->scratch, p->in_zero_point, out_c);
    }
    for (uint32_t i = 0; i < even * MG_WIDE_PIXELS; i++) {
        taps[i] = beside; /* of what follows an odd last tap, too */
    }
    for (uint32_t done = 0; done < pixels; done += MG_WIDE_PIXELS, out += MG_WIDE_PIXELS * out_c) {
        const uint32_t n = pixels - done < MG_WIDE_PIXELS ? pixels - done : MG_WIDE_PIXELS;
        for (uint32_t i = 0; i < n; i++, move_on(p, &at)) {
            find_taps(p, at, beside, taps + i);
        }
        convolve_windows(&channels, taps, weights, even, out, n);
    }
    return true;
}

#endif
