/* SPDX-License-Identifier: MIT
 *
 * DEPTHWISE_CONV_2D of 16 channels at a time (layout MVE): the formula of conv_i8.c with out_c = in_c, for cores
 * with vectors of 16 bytes. Channels lie beside each other as they are; where there are few and stride_w is
 * 1, so do those of the next pixels: 16 / C pixels are then one vector.
 *
 * Weights: for each 16 channels (or for the vector of all pixels, in which they repeat) [taps][16], zeros
 * behind the last, the taps one more with zeros where their number is even. No weight is -128, so that two
 * products fit 16 bits. Channel table: for each vector four times int32 bias[4], multiplier[4], shift[4] of
 * lanes 0 4 8 12, of 2 6 10 14, of 1 5 9 13 and of 3 7 11 15 (mg_mve_row).
 *
 * The scratch holds the rows under a window, padded with the zero point, in a ring: each row of the input is
 * copied once. Where a vector is of one pixel, rows of 16 channels lie by themselves, so that the taps of a row are 16
 * bytes apart. In front of them stands where each tap lies from the window's first. Where windows are used in the image
 * (depthwise_direct.h), that is all.
 *
 * The converter gives a layer this layout only where the short requantisation of channels.h is exact.
 */
#include "depthwise_direct.h"

#define LANES 16u

typedef struct {
    uint32_t taps;    /* odd */
    uint32_t pixels;  /* in a vector */
    uint32_t vectors; /* of the channels */
    uint32_t column;  /* bytes of a pixel in the ring */
    uint32_t rows;    /* of the ring */
    uint32_t width;   /* of one, padded, in bytes */
} geometry_t;

static geometry_t geometry_of(const mg_conv_params_t *p) {
    geometry_t g;
    bool several = p->stride_w == 1 && p->in_c <= LANES / 2;
    g.taps = ((uint32_t)p->kernel_h * p->kernel_w) | 1u;
    g.pixels = several ? LANES / p->in_c : 1;
    g.vectors = (p->in_c + LANES - 1) / LANES;
    g.column = several ? p->in_c : LANES;
    g.rows = mg_reach(1, p->stride_h, p->kernel_h, p->dilation_h);
    g.width = mg_reach(p->out_w, p->stride_w, p->kernel_w, p->dilation_w) * g.column;
    return g;
}

/* Vectors are whole in the image, and few enough for it to be read where it lies. */
static bool is_direct(const mg_conv_params_t *p) {
    return p->in_c % LANES == 0 && mg_is_direct(p);
}

static uint32_t ring_size(const mg_conv_params_t *p, const geometry_t *g) {
    return is_direct(p) ? 0 : mg_plus(mg_times4(g->vectors, g->rows, g->width, 1), LANES - 1);
}

/* Sizes of the scratch make sense for sound shapes only, so those are checked first. */
bool mg_depthwise_mve_check(const mg_check_t *check) {
    const mg_conv_params_t *p = &check->params.conv;
    if (p->in_c != p->out_c) {
        return MG_REFUSE(check, "layout MVE with a channel multiplier: output channels", p->out_c, p->in_c);
    }
    geometry_t g = geometry_of(p);
    return mg_check_conv(check, mg_times4(g.vectors, g.taps, LANES, 1), 0)
           && mg_check_data(check, p->channels_at, mg_times(g.vectors, 4 * 48))
           && mg_check_scratch(check, mg_plus(ring_size(p, &g), mg_times(sizeof(int32_t), g.taps)));
}

/* A row of the input, or what stands for it below, in all vectors. */
static void load_row(const mg_conv_params_t *p, const geometry_t *g, const int8_t *image, int32_t y, int8_t *row) {
    const uint32_t width = g->width, left = p->pad_left * g->column;
    uint32_t columns = left >= width ? 0 : (width - left) / g->column;
    columns = columns > p->in_w ? p->in_w : columns;
    const bool inside = y < p->in_h;
    const int8_t *from = inside ? image + (uint32_t)y * p->in_w * p->in_c : image;
    for (uint32_t c = 0; c < p->in_c; c += LANES, row += g->rows * width) {
        if (!inside) {
            mg_fill(row, p->in_zero_point, width);
        } else if (g->column < LANES && columns != 0) {
            mg_copy_rows(row + left, 0, from, 0, columns * p->in_c, 1);
        } else {
            mg_copy_rows(row + left, LANES, from + c, p->in_c, p->in_c - c < LANES ? p->in_c - c : LANES, columns);
        }
    }
}

/* Three times three taps that lie 16 bytes apart. */
static bool is_3x3(const mg_conv_params_t *p, const geometry_t *g) {
    return p->kernel_h == 3 && p->kernel_w == 3 && p->dilation_w == 1 && g->column == LANES;
}

/* The outputs of all channels in a row: row->count whole vectors, and behind them `left` pixels. */
static void convolve_row(const mg_conv_params_t *p, const geometry_t *g, mg_mve_row_t *row, uint32_t left) {
    const bool above = p->act_min >= p->out_zero_point;
    void (*const convolve)(const mg_mve_row_t *) = !is_3x3(p, g) ? mg_mve_row
                                                   : above       ? mg_mve_row_3x3_above
                                                                 : mg_mve_row_3x3;
    int8_t *out = row->out;
    row->n = row->out_step;
    for (uint32_t c = 0; c < p->in_c; c += LANES) {
        row->out = out + c;
        if (g->column == LANES) {
            row->n = p->in_c - c < LANES ? p->in_c - c : LANES;
        }
        if (row->count != 0) {
            convolve(row);
        }
        if (left != 0) { /* then there is one vector of channels */
            row->x += row->count * row->step;
            row->out += row->count * row->out_step;
            row->count = 1;
            row->n = left * p->in_c;
            mg_mve_row(row);
        }
        row->x += g->rows * g->width;
        row->weights += g->taps * LANES;
        row->table += 4 * 48;
    }
}

/* All vectors of outputs of a layer that reads the image where it lies. */
static void run_direct(const mg_call_t *call, const geometry_t *g, mg_mve_row_t row) {
    const mg_conv_params_t *p = &call->params.conv;
    const mg_window_taps_t taps = mg_window_taps(p);
    const uint32_t in_c = p->in_c, line = p->in_w * in_c;
    const int8_t *image = call->in[0];
    int32_t *offsets = call->scratch;
    for (uint32_t t = 0; t < taps.n; t++) {
        offsets[t] = (int32_t)(t * taps.step);
    }
    row.count = 1;
    row.n = LANES;
    row.out = call->out[0];
    for (uint32_t n = 0; n < p->batches; n++, image += p->in_h * line) {
        for (uint32_t pixel = 0; pixel < (uint32_t)p->out_h * p->out_w; pixel++) {
            row.x = image + pixel / p->out_w * p->stride_h * line + pixel % p->out_w * p->stride_w * in_c;
            row.weights = (const int8_t *)call->data + p->weights_at;
            row.table = call->data + p->channels_at;
            for (uint32_t c = 0; c < in_c; c += LANES, row.x += LANES, row.out += LANES) {
                mg_mve_row(&row);
                row.weights += g->taps * LANES;
                row.table += 4 * 48;
            }
        }
    }
}

void mg_depthwise_mve_run(const mg_call_t *call) {
    const mg_conv_params_t *p = &call->params.conv;
    const mg_channels_t channels = mg_channels_of(call);
    const geometry_t g = geometry_of(p);
    const uint32_t outputs = p->batches * p->out_h * (uint32_t)p->out_w * p->in_c;
    const uint32_t width = g.width, in_c = p->in_c;
    const uint32_t whole = p->out_w / g.pixels, left = p->out_w % g.pixels;
    const int8_t *image = call->in[0];
    int32_t *offsets = call->scratch;
    int8_t *ring = (int8_t *)(offsets + g.taps), *out = call->out[0];
    mg_mve_row_t row = {.offsets = offsets,
                        .out_step = g.pixels * in_c,
                        .step = g.pixels * p->stride_w * g.column,
                        .pairs = g.taps / 2,
                        .zero_point = p->out_zero_point};
    offsets[g.taps - 1] = 0;
    if (is_direct(p)) {
        run_direct(call, &g, row);
        mg_clamp_all(&channels, call->out[0], outputs);
        return;
    }
    for (uint32_t n = 0; n < p->batches; n++, image += (uint32_t)p->in_h * p->in_w * in_c) {
        /* What lies beside and above the image. */
        mg_fill(ring, p->in_zero_point, g.vectors * g.rows * width + LANES - 1);
        int32_t loaded = 0; /* the next row that the ring lacks */
        for (int32_t y = 0; y < p->out_h; y++, out += p->out_w * in_c) {
            int32_t first = y * p->stride_h - p->pad_top;
            loaded = loaded < first ? first : loaded;
            for (; loaded < first + (int32_t)g.rows; loaded++) {
                load_row(p, &g, image, loaded, ring + (uint32_t)(loaded + p->pad_top) % g.rows * width);
            }
            int32_t *offset = offsets;
            for (uint32_t ky = 0; ky < p->kernel_h; ky++) {
                uint32_t at = (uint32_t)(first + p->pad_top + (int32_t)(ky * p->dilation_h)) % g.rows * width;
                for (uint32_t kx = p->kernel_w; kx != 0; kx--, at += p->dilation_w * g.column) {
                    *offset++ = (int32_t)at;
                }
            }
            row.x = ring;
            row.weights = (const int8_t *)call->data + p->weights_at;
            row.table = channels.table;
            row.count = whole;
            row.out = out;
            convolve_row(p, &g, &row, left);
        }
    }
    mg_clamp_all(&channels, call->out[0], outputs);
}
