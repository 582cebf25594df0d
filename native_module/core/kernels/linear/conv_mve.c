/* SPDX-License-Identifier: MIT
 *
 * CONV_2D with weights in rows of 16 bytes (layout MVE): the formula of conv_i8.c, for cores that multiply
 * 16 bytes by 16 bytes and sum the products in one instruction.
 *
 * Weights: four channels at a time, 0 2 4 6 and then 1 3 5 7 of each eight; four or fewer that are left at the end
 * as they are; zero where there is no channel. In each four the taps 16 at a time, zeros behind the last; 16 taps of
 * the first channel, of the second, ...
 * Channel table: for each four int32 bias[4], multiplier[4], shift[4]; -1 >= shift >= -31.
 *
 * A patch is read up to a multiple of 16 bytes; the weights there are zero. Pixels that are patches
 * are used where they lie, unless that would read behind the tensor; two patches are summed at a time.
 *
 * The converter packs a layer only where the short requantisation of channels.h is exact.
 */
#include "channels.h"

#define BLOCK 16u

static uint32_t taps_rounded(const mg_conv_params_t *p) {
    return mg_round_up(mg_taps_of(p), BLOCK);
}

bool mg_conv_mve_check(const mg_check_t *check) {
    const mg_conv_params_t *p = &check->params.conv;
    const uint32_t fours = (p->out_c + 3u) / 4;
    const uint32_t patches = mg_is_pointwise(p) ? p->in_c % BLOCK != 0 : 2; /* that are copied */
    return mg_check_conv(check, mg_times(taps_rounded(p), 4 * fours), mg_times(patches, taps_rounded(p)))
           && mg_check_data(check, p->channels_at, mg_times(48, fours));
}

/* Where an output row's windows lie. */
typedef struct {
    const mg_conv_params_t *p;
    const int8_t *image;
    int32_t y, top;      /* of the output; of the input */
    int32_t first, last; /* outputs whose windows are inside: first <= x < last <= out_w */
    uint32_t line, n;    /* bytes of a row of the input, of the window */
} row_t;

static row_t row_of(const mg_conv_params_t *p, const int8_t *image, int32_t y) {
    row_t row = {
        p, image, y, y * p->stride_h - p->pad_top, 0, 0, (uint32_t)p->in_w * p->in_c, (uint32_t)p->kernel_w * p->in_c};
    int32_t reach = (p->kernel_w - 1) * p->dilation_w, room = p->in_w + p->pad_left - reach;
    bool inside = row.top >= 0 && row.top + (p->kernel_h - 1) * p->dilation_h < p->in_h && p->dilation_w == 1;
    if (inside && room > 0) {
        row.first = (p->pad_left + p->stride_w - 1) / p->stride_w;
        row.last = (room - 1) / p->stride_w + 1;
        row.last = row.last < p->out_w ? row.last : p->out_w;
    }
    return row;
}

/* A patch that hangs over the edge. */
static void gather_clipped(const row_t *row, int32_t x, int8_t *patch) {
    const mg_conv_params_t *p = row->p;
    uint32_t top, bottom, left, right;
    int32_t x0 = x * p->stride_w - p->pad_left;
    if (p->dilation_h != 1 || p->dilation_w != 1) {
        mg_gather_patch(p, row->image, row->y, x, patch);
        return;
    }
    mg_clip_window(row->top, p->kernel_h, p->in_h, &top, &bottom);
    mg_clip_window(x0, p->kernel_w, p->in_w, &left, &right);
    mg_fill(patch, p->in_zero_point, p->kernel_h * row->n);
    uint32_t from = ((uint32_t)row->top + top) * row->line + ((uint32_t)x0 + left) * p->in_c;
    mg_copy_rows(patch + top * row->n + left * p->in_c, row->n, row->image + from, row->line, (right - left) * p->in_c,
                 bottom - top);
}

static inline void two_pixels(const mg_mve_layer_t *layer, const int8_t *x, int8_t *out, uint32_t pairs) {
    (layer->above ? mg_mve_two_pixels_above : mg_mve_two_pixels)(layer, x, out, pairs);
}

/* Sums two patches when there are; where the next one goes. */
static inline int8_t *hand_over(const mg_mve_layer_t *layer, int8_t *patches, int8_t *patch, int8_t **out) {
    if (patch == patches) {
        return patches + layer->step;
    }
    two_pixels(layer, patches, *out, 1);
    *out += 2 * layer->out_c;
    return patches;
}

/* Layers whose patches are gathered, two at a time. */
static void convolve_windows(const mg_call_t *call, const mg_mve_layer_t *layer, int8_t *patches) {
    const mg_conv_params_t *p = &call->params.conv;
    const uint32_t across = (uint32_t)p->stride_w * p->in_c;
    const int8_t *image = call->in[0];
    int8_t *out = call->out[0], *patch = patches;
    for (uint32_t n = 0; n < p->batches; n++, image += (uint32_t)p->in_h * p->in_w * p->in_c) {
        for (int32_t y = 0; y < p->out_h; y++) {
            const row_t row = row_of(p, image, y);
            for (int32_t x = 0; x < p->out_w;) {
                uint32_t from = (uint32_t)row.top * row.line + (uint32_t)(x * p->stride_w - p->pad_left) * p->in_c;
                int32_t inside = x >= row.first && x < row.last ? row.last - x : 0;
                if (inside == 0) {
                    gather_clipped(&row, x++, patch);
                    patch = hand_over(layer, patches, patch, &out);
                }
                for (; inside != 0; inside--, x++, from += across) {
                    mg_copy_rows(patch, row.n, image + from, p->dilation_h * row.line, row.n, p->kernel_h);
                    patch = hand_over(layer, patches, patch, &out);
                }
            }
        }
    }
    if (patch != patches) {
        mg_mve_one_pixel(layer, patches, out);
    }
}

/* `count` pixels that are patches, of which `lie` can be used where they lie. */
static int8_t *convolve_pixels(const mg_mve_layer_t *layer, const int8_t *x, uint32_t in_c, uint32_t count,
                               uint32_t lie, int8_t *patch, int8_t *out) {
    uint32_t pairs = (lie < count ? lie : count) / 2;
    if (pairs != 0) {
        two_pixels(layer, x, out, pairs);
    }
    out += 2 * pairs * layer->out_c;
    for (uint32_t i = 2 * pairs; i < count; i++, out += layer->out_c) {
        const int8_t *pixel = x + i * layer->step;
        if (i >= lie) {
            memcpy(patch, pixel, in_c);
            pixel = patch;
        }
        mg_mve_one_pixel(layer, pixel, out);
    }
    return out;
}

/* Kernels of 1x1. A run is a row of outputs, or all of them where no pixel is left out. */
static void convolve_runs(const mg_call_t *call, mg_mve_layer_t *layer, int8_t *patch) {
    const mg_conv_params_t *p = &call->params.conv;
    const uint32_t line = (uint32_t)p->in_w * p->in_c, k = layer->blocks * BLOCK;
    const int8_t *image = call->in[0], *end = image + p->batches * p->in_h * line;
    bool all = p->out_w == p->in_w && p->out_h == p->in_h;
    uint32_t rows = all ? 1 : p->out_h, count = all ? p->batches * p->out_h * (uint32_t)p->out_w : p->out_w;
    int8_t *out = call->out[0];
    layer->step = all ? p->in_c : (uint32_t)p->stride_w * p->in_c;
    for (uint32_t n = all ? 1 : p->batches; n != 0; n--, image += p->in_h * line) {
        for (uint32_t y = 0; y < rows; y++) {
            const int8_t *x = image + y * p->stride_h * line;
            uint32_t room = (uint32_t)(end - x), lie = room < k ? 0 : (room - k) / layer->step + 1;
            out = convolve_pixels(layer, x, p->in_c, count, lie, patch, out);
        }
    }
}

void mg_conv_mve_run(const mg_call_t *call) {
    const mg_conv_params_t *p = &call->params.conv;
    const mg_channels_t channels = mg_channels_of(call);
    const uint32_t k = taps_rounded(p);
    bool pixels = mg_is_pointwise(p);
    mg_mve_layer_t layer = {k,
                            k / BLOCK,
                            p->out_c,
                            p->out_zero_point,
                            (const int8_t *)call->data + p->weights_at,
                            channels.table,
                            channels.above};
    int8_t *patches = call->scratch;
    if (!pixels || p->in_c % BLOCK != 0) { /* what lies behind a patch is read, and must be the same each time */
        mg_fill(patches, 0, pixels ? k : 2 * k);
    }
    if (pixels) {
        convolve_runs(call, &layer, patches);
    } else {
        convolve_windows(call, &layer, patches);
    }
    mg_clamp_all(&channels, call->out[0], p->batches * p->out_h * (uint32_t)p->out_w * p->out_c);
}
