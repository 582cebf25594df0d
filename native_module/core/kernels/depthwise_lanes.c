/* SPDX-License-Identifier: MIT
 *
 * DEPTHWISE_CONV_2D of 16 channels at a time (layout 3): the formula of conv.c with out_c = in_c, for cores
 * with vectors of 16 bytes. Channels lie beside each other as they are; where there are few and stride_w is
 * 1, so do those of the next pixels: 16 / C pixels are then one vector.
 *
 * Weights: for each 16 channels (or for the vector of all pixels, in which they repeat) [taps][16], zeros
 * behind the last, the taps one more with zeros where their number is even. No weight is -128, so that two
 * products fit 16 bits. Channel table: for each vector four times int32 bias[4], multiplier[4], shift[4] of
 * lanes 0 4 8 12, of 2 6 10 14, of 1 5 9 13 and of 3 7 11 15 (mg_lanes).
 *
 * The scratch holds the rows under a window, padded with the zero point, in a ring: each row of the input is
 * copied once. In front of them stands where each tap lies from the window's first.
 *
 * The converter gives a layer this layout only where the short requantisation of channels.h is exact.
 */
#include "../simd/simd.h"
#include "kernels.h"

#define LANES 16u

typedef struct {
    uint32_t taps;   /* odd */
    uint32_t pixels; /* in a vector */
    uint32_t rows;   /* of the ring */
    uint64_t width;  /* of one, padded, in bytes: after the check it fits 32 bits */
} geometry_t;

static geometry_t geometry_of(const mg_conv_params_t *p) {
    geometry_t g;
    g.taps = ((uint32_t)p->kernel_h * p->kernel_w) | 1u;
    g.pixels = p->stride_w == 1 && p->in_c <= LANES / 2 ? LANES / p->in_c : 1;
    uint64_t columns = (p->out_w - 1ull) * p->stride_w + (p->kernel_w - 1ull) * p->dilation_w + 1;
    g.width = columns * p->in_c;
    g.rows = (p->kernel_h - 1u) * p->dilation_h + 1;
    return g;
}

/* Sizes of the scratch make sense for sound shapes only, so those are checked first. */
bool mg_depthwise_lanes_check(const mg_check_t *check) {
    const mg_conv_params_t *p = &check->params.conv;
    if (p->in_c != p->out_c) {
        return mg_refuse(check, "layout of lanes with a channel multiplier: output channels", p->out_c, p->in_c);
    }
    geometry_t g = geometry_of(p);
    uint64_t vectors = (p->in_c + LANES - 1) / LANES;
    return mg_check_conv(check, vectors * g.taps * LANES, 0)
           && mg_check_data(check, p->channels_at, vectors * 4 * 48)
           && mg_check_scratch(check, sizeof(int32_t) * (uint64_t)g.taps + g.rows * g.width + LANES - 1);
}

/* A row of the input, or what stands for it outside. */
static void load_row(const mg_conv_params_t *p, const geometry_t *g, const int8_t *image, int32_t y, int8_t *row) {
    uint32_t left = (uint32_t)p->pad_left * p->in_c, n = (uint32_t)p->in_w * p->in_c, width = (uint32_t)g->width;
    n = left >= width ? 0 : left + n > width ? width - left : n;
    if (y < 0 || y >= p->in_h || n == 0) {
        memset(row, p->in_zero_point, width);
        return;
    }
    memset(row, p->in_zero_point, left);
    mg_copy_rows(row + left, 0, image + (uint32_t)y * p->in_w * p->in_c, 0, n, 1);
    memset(row + left + n, p->in_zero_point, width - left - n);
}

void mg_depthwise_lanes(const mg_call_t *call) {
    const mg_conv_params_t *p = &call->params.conv;
    const geometry_t g = geometry_of(p);
    const uint32_t width = (uint32_t)g.width, in_c = p->in_c;
    const mg_range_t range = {p->out_zero_point, p->act_min, p->act_max};
    const int8_t *weights = (const int8_t *)call->data + p->weights_at, *image = call->in[0];
    const uint8_t *table = call->data + p->channels_at;
    int8_t *out = call->out[0];
    int32_t *offsets = call->scratch;
    int8_t *ring = (int8_t *)(offsets + g.taps);
    memset(ring + g.rows * width, 0, LANES - 1); /* is read, and must be the same each time */
    for (uint32_t n = 0; n < p->batches; n++, image += (uint32_t)p->in_h * p->in_w * p->in_c) {
        int32_t loaded = -(int32_t)p->pad_top; /* the next row that the ring lacks */
        for (int32_t y = 0; y < p->out_h; y++) {
            int32_t first = y * p->stride_h - p->pad_top;
            loaded = loaded < first ? first : loaded;
            for (; loaded < first + (int32_t)g.rows; loaded++) {
                load_row(p, &g, image, loaded, ring + (uint32_t)(loaded + p->pad_top) % g.rows * width);
            }
            int32_t *offset = offsets;
            offsets[g.taps - 1] = 0;
            for (uint32_t ky = 0; ky < p->kernel_h; ky++) {
                uint32_t row = (uint32_t)(first + p->pad_top + (int32_t)(ky * p->dilation_h)) % g.rows * width;
                for (uint32_t kx = 0; kx < p->kernel_w; kx++) {
                    *offset++ = (int32_t)(row + kx * p->dilation_w * p->in_c);
                }
            }
            const int8_t *x = ring;
            for (uint32_t left = p->out_w; left != 0;) {
                uint32_t pixels = left < g.pixels ? left : g.pixels, n = pixels * in_c;
                mg_lanes(out, x, offsets, weights, g.taps / 2, table, &range, n);
                x += n * p->stride_w;
                out += n;
                left -= pixels;
            }
        }
    }
}
