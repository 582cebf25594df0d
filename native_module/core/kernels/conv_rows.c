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
    bool pixels_lie = p->kernel_h == 1 && p->kernel_w == 1 && p->in_c % BLOCK == 0; /* and are never copied */
    return mg_check_conv(check, taps_rounded(p) * 4 * groups, pixels_lie ? 0 : 2 * taps_rounded(p))
           && mg_check_data(check, p->channels_at, 48 * groups);
}

typedef struct {
    const int8_t *weights;
    const uint8_t *table;
    mg_range_t range;
    uint32_t blocks, out_c;
} layer_t;

static inline void load_group(mg_four_t table[3], const uint8_t *at) {
    table[0] = mg_load_four(at);
    table[1] = mg_load_four(at + 16);
    table[2] = mg_load_four(at + 32);
}

/* All channels of two pixels that follow each other. */
static void finish_two(const layer_t *layer, const int8_t *x0, const int8_t *x1, int8_t *out) {
    const int8_t *w = layer->weights;
    const uint8_t *at = layer->table;
    const mg_range_t range = layer->range;
    const uint32_t blocks = layer->blocks, out_c = layer->out_c;
    for (uint32_t left = out_c; left != 0; at += 48, w += 4 * BLOCK * blocks, out += 4) {
        mg_four_t sums[2], table[3];
        mg_rows_4x2(sums, w, x0, x1, blocks);
        load_group(table, at);
        mg_store_four(out, mg_requantize_four(sums[0], table), &range, left);
        mg_store_four(out + out_c, mg_requantize_four(sums[1], table), &range, left);
        left -= left < 4 ? left : 4;
    }
}

static void finish_one(const layer_t *layer, const int8_t *x, int8_t *out) {
    const int8_t *w = layer->weights;
    const uint8_t *at = layer->table;
    const mg_range_t range = layer->range;
    const uint32_t blocks = layer->blocks;
    for (uint32_t left = layer->out_c; left != 0; at += 48, w += 4 * BLOCK * blocks, out += 4) {
        mg_four_t table[3], sums = mg_rows_4x1(w, x, blocks);
        load_group(table, at);
        mg_store_four(out, mg_requantize_four(sums, table), &range, left);
        left -= left < 4 ? left : 4;
    }
}

/* The patch of an output: rows of it are contiguous in the image where dilation_w is 1. */
static void gather(const mg_conv_params_t *p, const int8_t *image, int32_t y, int32_t x, int8_t *patch) {
    if (p->dilation_w != 1) {
        mg_gather_patch(p, image, y, x, patch);
        return;
    }
    uint32_t left, right, row = (uint32_t)p->kernel_w * p->in_c, line = (uint32_t)p->in_w * p->in_c;
    int32_t x0 = x * p->stride_w - p->pad_left, y0 = y * p->stride_h - p->pad_top;
    mg_clip_window(x0, p->kernel_w, p->in_w, &left, &right);
    uint32_t top = 0, bottom = p->kernel_h;
    while (top < bottom && y0 + (int32_t)(top * p->dilation_h) < 0) {
        top++;
    }
    while (bottom > top && y0 + (int32_t)((bottom - 1) * p->dilation_h) >= p->in_h) {
        bottom--;
    }
    if (bottom - top < p->kernel_h || right - left < p->kernel_w) {
        memset(patch, p->in_zero_point, row * p->kernel_h);
    }
    if (top < bottom && left < right) {
        const int8_t *from = image + (uint32_t)(y0 + (int32_t)(top * p->dilation_h)) * line
                             + (uint32_t)(x0 + (int32_t)left) * p->in_c;
        mg_copy_rows(patch + top * row + left * p->in_c, row, from, p->dilation_h * line, (right - left) * p->in_c,
                     bottom - top);
    }
}

void mg_conv2d_rows(const mg_call_t *call) {
    const mg_conv_params_t *p = &call->params.conv;
    const uint32_t k = (uint32_t)taps_rounded(p), size = (uint32_t)p->in_h * p->in_w * p->in_c;
    const layer_t layer = {(const int8_t *)call->data + p->weights_at, call->data + p->channels_at,
                           {p->out_zero_point, p->act_min, p->act_max}, k / BLOCK, p->out_c};
    const int8_t *image = call->in[0], *end = image + (size_t)p->batches * size, *held = NULL;
    int8_t *out = call->out[0], *patch = call->scratch;
    bool pointwise = p->kernel_h == 1 && p->kernel_w == 1;
    for (uint32_t n = 0; n < p->batches; n++, image += size) {
        for (int32_t y = 0; y < p->out_h; y++) {
            const int8_t *row = image + (uint32_t)(y * p->stride_h) * p->in_w * p->in_c;
            for (int32_t x = 0; x < p->out_w; x++, row += (uint32_t)p->stride_w * p->in_c) {
                const int8_t *from = row;
                if (!pointwise || (size_t)(end - row) < k) {
                    int8_t *to = patch + (held == NULL ? 0 : k);
                    gather(p, image, y, x, to);
                    from = to;
                }
                if (held == NULL) {
                    held = from;
                    continue;
                }
                finish_two(&layer, held, from, out);
                out += 2u * p->out_c;
                held = NULL;
            }
        }
    }
    if (held != NULL) {
        finish_one(&layer, held, out);
    }
}
