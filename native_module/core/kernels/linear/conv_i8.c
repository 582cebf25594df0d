/* SPDX-License-Identifier: MIT
 *
 * CONV_2D, int8. A fully connected layer is a 1x1 convolution over its rows.
 *
 *     y[n,i,j,c] = clamp(zp_out + m[c] * (b[c] + sum over p,q,k of w[c,p,q,k] * x[n,i',j',k]))
 *     i' = i * stride_h - pad_top + p * dilation_h, and j' likewise; x is its zero point outside
 *
 * input [N,H,W,Cin] int8, weights [Cout,KH,KW,Cin] int8 with zero point 0, output [N,OH,OW,Cout].
 * b[c] contains -zp_in * sum(w[c]), which is exact in int32, so that the loop multiplies bare bytes.
 * Weights with a zero point zp_w (legacy uint8 models) take zp_w * sum(x) off, one sum per position.
 * The accumulator is bounded by 2^14 * KH*KW*Cin < 2^31; adding b[c] may wrap, as it does in TFLM.
 * Weights of layout INT4 are unpacked into the scratch for four channels at a time (one, where there is one pixel).
 * Rounding: arithmetic/requantize.h. Source: TFLite 8-bit quantisation specification, CONV_2D, and the kernels of
 * TensorFlow Lite Micro for the order of roundings.
 */
#include "pixels.h"

static uint32_t taps_of(const mg_conv_params_t *p) {
    return (uint32_t)p->kernel_h * p->kernel_w * p->in_c;
}

/* Channels whose int4 weights are unpacked together. */
static uint32_t unpacked_channels(const mg_conv_params_t *p) {
    return mg_pixels_of(p) == 1 ? 1 : 4;
}

bool mg_conv_plain_check(const mg_check_t *check) {
    const mg_conv_params_t *p = &check->params.conv;
    return mg_check_conv(check, (uint64_t)p->kernel_h * p->kernel_w * p->in_c * p->out_c, mg_patch_size(p));
}

bool mg_conv_int4_check(const mg_check_t *check) {
    const mg_conv_params_t *p = &check->params.conv;
    const uint64_t taps = (uint64_t)p->kernel_h * p->kernel_w * p->in_c;
    return mg_check_int4(check, taps * p->out_c, taps * unpacked_channels(p));
}

static void conv_pixel(const mg_conv_params_t *p, const mg_part_t *part, const int8_t *patch, int8_t *out) {
    const mg_channels_t *channels = &part->channels;
    const int8_t *weights = part->weights;
    const uint32_t k = (uint32_t)p->kernel_h * p->kernel_w * p->in_c;
    const int32_t offset = mg_weights_offset(p, patch, k, 1);
    for (uint32_t c = part->first; c < part->last;) {
        int32_t sums[4];
        uint32_t n = 4;
        if (part->last - c >= 4) {
            mg_dot4(sums, patch, weights, k);
        } else {
            sums[0] = mg_dot(patch, weights, k);
            n = 1;
        }
        weights += n * k;
        for (uint32_t i = 0; i < n; i++, c++) {
            out[c] = mg_finish(channels, c, mg_wrap_add(sums[i], offset));
        }
    }
}

void mg_conv_plain_run(const mg_call_t *call) {
    mg_run_plain(call, conv_pixel);
}

void mg_conv_int4_run(const mg_call_t *call) {
    const mg_conv_params_t *p = &call->params.conv;
    mg_run_int4(call, taps_of(p), unpacked_channels(p), conv_pixel);
}
