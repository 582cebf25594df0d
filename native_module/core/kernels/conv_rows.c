/* SPDX-License-Identifier: MIT
 *
 * CONV_2D with weights in rows of 16 bytes (layout 3): the formula of conv.c, for cores that multiply
 * 16 bytes by 16 bytes and sum the products in one instruction.
 *
 * Weights: four channels at a time, the last ones zero where out_c is no multiple of 4; in each group the
 * taps 16 at a time, zeros behind the last; 16 taps of the first channel, of the second, ...
 * Channel table: for each group int32 bias[4], multiplier[4], shift[4] (mg_requantize_four).
 *
 * A patch is read up to a multiple of 16 bytes; the weights there are zero. Pixels that are patches
 * are used where they lie, unless that would read behind the tensor; two patches are summed at a time.
 *
 * The converter packs a layer only where the short requantisation of channels.h is exact.
 */
#include "../simd/simd.h"
#include "kernels.h"

#define BLOCK 16u

static uint64_t taps_rounded(const mg_conv_params_t *p) {
    return ((uint64_t)p->kernel_h * p->kernel_w * p->in_c + BLOCK - 1) & ~(uint64_t)(BLOCK - 1);
}

bool mg_conv2d_rows_check(const mg_check_t *check) {
    const mg_conv_params_t *p = &check->params.conv;
    uint64_t groups = (p->out_c + 3u) / 4;
    bool pixels_lie = mg_is_pointwise(p) && p->in_c % BLOCK == 0; /* and are never copied */
    return mg_check_conv(check, taps_rounded(p) * 4 * groups, pixels_lie ? 0 : 2 * taps_rounded(p))
           && mg_check_data(check, p->channels_at, 48 * groups);
}

/* Where an output row's windows lie. */
typedef struct {
    const mg_conv_params_t *p;
    const int8_t *image;
    int32_t y, top;      /* of the output; of the input */
    int32_t first, last; /* outputs whose windows are inside: first <= x < last */
} row_t;

static row_t row_of(const mg_conv_params_t *p, const int8_t *image, int32_t y) {
    row_t row = {p, image, y, y * p->stride_h - p->pad_top, 0, 0};
    int32_t reach = (p->kernel_w - 1) * p->dilation_w, room = p->in_w + p->pad_left - reach;
    bool inside = row.top >= 0 && row.top + (p->kernel_h - 1) * p->dilation_h < p->in_h && p->dilation_w == 1;
    if (inside && room > 0) {
        row.first = (p->pad_left + p->stride_w - 1) / p->stride_w;
        row.last = (room - 1) / p->stride_w + 1;
    }
    return row;
}

/* A patch that hangs over the edge. */
static void gather_clipped(const row_t *row, int32_t x, int8_t *patch) {
    const mg_conv_params_t *p = row->p;
    uint32_t top, bottom, left, right, line = (uint32_t)p->in_w * p->in_c, n = (uint32_t)p->kernel_w * p->in_c;
    int32_t x0 = x * p->stride_w - p->pad_left;
    if (p->dilation_h != 1 || p->dilation_w != 1) {
        mg_gather_patch(p, row->image, row->y, x, patch);
        return;
    }
    mg_clip_window(row->top, p->kernel_h, p->in_h, &top, &bottom);
    mg_clip_window(x0, p->kernel_w, p->in_w, &left, &right);
    memset(patch, p->in_zero_point, p->kernel_h * n);
    mg_copy_rows(patch + top * n + left * p->in_c, n,
                 row->image + (uint32_t)(row->top + (int32_t)top) * line + (uint32_t)(x0 + (int32_t)left) * p->in_c,
                 line, (right - left) * p->in_c, bottom - top);
}

/* The patch of output x. Rows of one that lies inside are contiguous in the image. */
static inline void gather(const row_t *row, int32_t x, int8_t *patch) {
    const mg_conv_params_t *p = row->p;
    if (x < row->first || x >= row->last) {
        gather_clipped(row, x, patch);
        return;
    }
    uint32_t line = (uint32_t)p->in_w * p->in_c, n = (uint32_t)p->kernel_w * p->in_c;
    const int8_t *from = row->image + (uint32_t)row->top * line + (uint32_t)(x * p->stride_w - p->pad_left) * p->in_c;
    mg_copy_rows(patch, n, from, p->dilation_h * line, n, p->kernel_h);
}

void mg_conv2d_rows(const mg_call_t *call) {
    const mg_conv_params_t *p = &call->params.conv;
    const uint32_t k = (uint32_t)taps_rounded(p), size = (uint32_t)p->in_h * p->in_w * p->in_c;
    const uint32_t step = (uint32_t)p->stride_w * p->in_c;
    const mg_rows_t layer = {(const int8_t *)call->data + p->weights_at, call->data + p->channels_at, k / BLOCK,
                             p->out_c, {p->out_zero_point, p->act_min, p->act_max}};
    const int8_t *image = call->in[0], *held = NULL;
    int8_t *out = call->out[0], *patch = call->scratch;
    /* Pixels are patches, if what lies behind one is still the tensor. */
    const int8_t *end = mg_is_pointwise(p) ? image + p->batches * size : NULL;
    if (end == NULL || p->in_c % BLOCK != 0) { /* what lies behind a patch is read, and must be the same each time */
        memset(patch, 0, 2 * k);
    }
    for (uint32_t n = 0; n < p->batches; n++, image += size) {
        for (int32_t y = 0; y < p->out_h; y++) {
            const row_t row = row_of(p, image, y);
            const int8_t *pixel = image + (uint32_t)(y * p->stride_h) * p->in_w * p->in_c;
            for (int32_t x = 0; x < p->out_w; x++, pixel += step) {
                const int8_t *from = pixel;
                if (end == NULL || (size_t)(end - pixel) < k) {
                    int8_t *to = held == NULL ? patch : patch + k;
                    gather(&row, x, to);
                    from = to;
                }
                if (held == NULL) {
                    held = from;
                    continue;
                }
                mg_rows_2(&layer, held, from, out);
                out += 2u * p->out_c;
                held = NULL;
            }
        }
    }
    if (held != NULL) {
        mg_rows_1(&layer, held, NULL, out);
    }
}
