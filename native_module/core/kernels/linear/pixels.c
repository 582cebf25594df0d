/* SPDX-License-Identifier: MIT
 *
 * The walk over the output pixels of layouts PLAIN and INT4, and the latter's unpacking.
 */
#include "pixels.h"

uint64_t mg_patch_size(const mg_conv_params_t *p) {
    return mg_is_pointwise(p) ? 0 : (uint64_t)p->kernel_h * p->kernel_w * p->in_c;
}

bool mg_check_int4(const mg_check_t *check, uint64_t weights, uint64_t unpacked) {
    const mg_conv_params_t *p = &check->params.conv;
    if (p->weights_zero_point != 0) {
        return mg_refuse(check, "int4 weights with a zero point", (uint8_t)p->weights_zero_point, 0);
    }
    return mg_check_conv(check, (weights + 1) / 2, mg_patch_size(p) + unpacked);
}

int32_t mg_weights_offset(const mg_conv_params_t *p, const int8_t *x, uint32_t n, uint32_t step) {
    int32_t sum = 0;
    for (uint32_t i = 0; p->weights_zero_point != 0 && i < n; i++) {
        sum -= p->weights_zero_point * x[i * step];
    }
    return sum;
}

static void walk(const mg_call_t *call, const mg_part_t *part, mg_pixel_fn pixel) {
    const mg_conv_params_t *p = &call->params.conv;
    const int8_t *image = call->in[0];
    int8_t *out = call->out[0], *patch = call->scratch;
    for (uint32_t n = 0; n < p->batches; n++) {
        for (int32_t y = 0; y < p->out_h; y++) {
            for (int32_t x = 0; x < p->out_w; x++, out += p->out_c) {
                const int8_t *from = patch;
                if (mg_is_pointwise(p)) { /* no padding, so the patch is a pixel of the input */
                    from = image + (uint32_t)(y * p->stride_h * p->in_w + x * p->stride_w) * p->in_c;
                } else {
                    mg_gather_patch(p, image, y, x, patch);
                }
                pixel(p, part, from, out);
            }
        }
        image += (uint32_t)p->in_h * p->in_w * p->in_c;
    }
}

void mg_run_plain(const mg_call_t *call, mg_pixel_fn pixel) {
    const mg_conv_params_t *p = &call->params.conv;
    const mg_part_t all = {mg_channels_of(call), (const int8_t *)call->data + p->weights_at, 0, p->out_c};
    walk(call, &all, pixel);
}

/* n int4 weights after `first` others: two in a byte, the low half first. */
static void unpack(const uint8_t *packed, uint32_t first, uint32_t n, int8_t *to) {
    packed += first / 2;
    if (first % 2 != 0 && n != 0) {
        *to++ = (int8_t)((*packed++ >> 4 ^ 8) - 8);
        n--;
    }
    for (; n >= 2; n -= 2) {
        uint32_t two = *packed++;
        *to++ = (int8_t)((int32_t)((two & 15) ^ 8) - 8);
        *to++ = (int8_t)((int32_t)(two >> 4 ^ 8) - 8);
    }
    if (n != 0) {
        *to = (int8_t)(((*packed & 15) ^ 8) - 8);
    }
}

void mg_run_int4(const mg_call_t *call, uint32_t taps, uint32_t group, mg_pixel_fn pixel) {
    const mg_conv_params_t *p = &call->params.conv;
    int8_t *unpacked = (int8_t *)call->scratch + mg_patch_size(p);
    mg_part_t part = {mg_channels_of(call), unpacked, 0, 0};
    for (; part.first < p->out_c; part.first = part.last) {
        uint32_t left = p->out_c - part.first, n = left < group ? left : group;
        part.last = part.first + n;
        unpack(call->data + p->weights_at, part.first * taps, n * taps, unpacked);
        walk(call, &part, pixel);
    }
}
