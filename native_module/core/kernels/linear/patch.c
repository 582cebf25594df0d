/* SPDX-License-Identifier: MIT
 *
 * The inputs under one output position of a convolution, side by side.
 */
#include "../kernels.h"

/* Rows of a patch are mostly a few bytes long: too short for the call of memcpy. */
static inline int8_t *copy_row(int8_t *to, const int8_t *from, uint32_t n) {
    if (n >= 64) {
        memcpy(to, from, n);
        return to + n;
    }
    for (; n >= 4; n -= 4, to += 4, from += 4) { /* compilers make words of these where the core allows it */
        const int8_t a = from[0], b = from[1], c = from[2], d = from[3];
        to[0] = a;
        to[1] = b;
        to[2] = c;
        to[3] = d;
    }
    while (n-- != 0) {
        *to++ = *from++;
    }
    return to;
}

static inline int8_t *fill_row(int8_t *to, int8_t value, uint32_t n) {
    while (n-- != 0) {
        *to++ = value;
    }
    return to;
}

/* A row of taps that do not lie side by side, from x0. */
static int8_t *gather_row(const mg_conv_params_t *p, const int8_t *from, int32_t x0, int8_t *patch) {
    for (uint32_t kx = 0; kx < p->kernel_w; kx++, x0 += p->dilation_w) {
        if (x0 < 0 || x0 >= p->in_w) {
            patch = fill_row(patch, p->in_zero_point, p->in_c);
        } else {
            patch = copy_row(patch, from + (uint32_t)x0 * p->in_c, p->in_c);
        }
    }
    return patch;
}

/* What it needs of the parameters is loaded before the first byte is stored. */
void mg_gather_patch(const mg_conv_params_t *p, const int8_t *image, int32_t y, int32_t x, int8_t *patch) {
    const uint32_t tap = p->in_c, row = p->kernel_w * tap, line = p->in_w * tap;
    const int32_t x0 = x * p->stride_w - p->pad_left, in_h = p->in_h, step = p->dilation_h;
    const bool is_dense = p->dilation_w == 1;
    const int8_t zero_point = p->in_zero_point;
    uint32_t first, last; /* the part of a row that lies inside, where it is one piece */
    mg_clip_window(x0, p->kernel_w, p->in_w, &first, &last);
    const uint32_t left = first * tap, inside = (last - first) * tap, right = row - last * tap;
    const uint32_t start = (uint32_t)(x0 + (int32_t)first) * tap;
    int32_t iy = y * p->stride_h - p->pad_top;
    for (uint32_t rows = p->kernel_h; rows != 0; rows--, iy += step) {
        if (iy < 0 || iy >= in_h) {
            patch = fill_row(patch, zero_point, row);
            continue;
        }
        const int8_t *from = image + (uint32_t)iy * line;
        if (is_dense) {
            patch = fill_row(patch, zero_point, left);
            patch = copy_row(patch, from + start, inside);
            patch = fill_row(patch, zero_point, right);
        } else {
            patch = gather_row(p, from, x0, patch);
        }
    }
}
