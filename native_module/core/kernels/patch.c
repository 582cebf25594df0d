/* SPDX-License-Identifier: MIT
 *
 * The inputs under one output position of a convolution, side by side.
 */
#include "kernels.h"

/* Rows of a patch are mostly a few bytes long: too short for the call of memcpy. */
static inline int8_t *copy_row(int8_t *to, const int8_t *from, uint32_t n) {
    if (n >= 64) {
        memcpy(to, from, n);
        return to + n;
    }
    for (; n >= 4; n -= 4, to += 4, from += 4) { /* compilers make words of these where the core allows it */
        mg_store_u32((uint8_t *)to, mg_load_u32((const uint8_t *)from));
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

void mg_gather_patch(const mg_conv_params_t *p, const int8_t *image, int32_t y, int32_t x, int8_t *patch) {
    uint32_t tap = p->in_c, row = p->kernel_w * tap, line = p->in_w * tap;
    int32_t x0 = x * p->stride_w - p->pad_left;
    uint32_t first, last; /* the part of a row that lies inside, where it is one piece */
    mg_clip_window(x0, p->kernel_w, p->in_w, &first, &last);
    const int8_t *inside = image + (uint32_t)(x0 + (int32_t)first) * tap;
    int32_t iy = y * p->stride_h - p->pad_top;
    for (uint32_t ky = 0; ky < p->kernel_h; ky++, iy += p->dilation_h) {
        if (iy < 0 || iy >= p->in_h) {
            memset(patch, p->in_zero_point, row);
            patch += row;
        } else if (p->dilation_w == 1) {
            patch = fill_row(patch, p->in_zero_point, first * tap);
            patch = copy_row(patch, inside + (uint32_t)iy * line, (last - first) * tap);
            patch = fill_row(patch, p->in_zero_point, row - last * tap);
        } else {
            int32_t ix = x0;
            for (uint32_t kx = 0; kx < p->kernel_w; kx++, ix += p->dilation_w) {
                if (ix < 0 || ix >= p->in_w) {
                    memset(patch, p->in_zero_point, tap);
                    patch += tap;
                } else {
                    patch = copy_row(patch, image + (uint32_t)iy * line + (uint32_t)ix * tap, tap);
                }
            }
        }
    }
}
