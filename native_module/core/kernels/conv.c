/* SPDX-License-Identifier: MIT
 *
 * CONV_2D and DEPTHWISE_CONV_2D, int8. A fully connected layer is a 1x1 convolution over its rows.
 *
 *     y[n,i,j,c] = clamp(zp_out + m[c] * (b[c] + sum over p,q,k of w[c,p,q,k] * x[n,i',j',k]))
 *     i' = i * stride_h - pad_top + p * dilation_h, and j' likewise; x is its zero point outside
 *
 * input [N,H,W,Cin] int8, weights [Cout,KH,KW,Cin] int8 with zero point 0, output [N,OH,OW,Cout].
 * b[c] contains -zp_in * sum(w[c]), which is exact in int32, so that the loop multiplies bare bytes.
 * Weights with a zero point zp_w (legacy uint8 models) take zp_w * sum(x) off, one sum a position.
 * The accumulator is bounded by 2^14 * KH*KW*Cin < 2^31; adding b[c] may wrap, as it does in TFLM.
 * Depthwise: weights [KH,KW,Cout], output channel c reads input channel c / (Cout / Cin).
 * Rounding: requantize.h. Source: TFLite 8-bit quantisation specification, CONV_2D and
 * DEPTHWISE_CONV_2D, and the kernels of TensorFlow Lite Micro for the order of roundings.
 */
#include "channels.h"

/* A patch, except where a pixel of the input is one. */
static uint64_t patch_size(const mg_conv_params_t *p) {
    return p->kernel_h == 1 && p->kernel_w == 1 ? 0 : (uint64_t)p->kernel_h * p->kernel_w * p->in_c;
}

bool mg_conv2d_check(const mg_check_t *check) {
    const mg_conv_params_t *p = &check->params.conv;
    if (!mg_check_layout(check, MG_LAYOUTS_CONV_2D)) {
        return false;
    }
    switch (p->layout) {
        case MG_LAYOUT_CANONICAL:
            return mg_check_conv(check, (uint64_t)p->kernel_h * p->kernel_w * p->in_c * p->out_c, patch_size(p));
        case MG_LAYOUT_QUADS: return mg_check_conv(check, mg_packed_weights_size(p), mg_packed_scratch_size(p));
        default: return mg_refuse(check, "weights in an unknown layout, convert the model again", p->layout, 1);
    }
}

/* -zp_w times the sum of n inputs that lie `step` apart; 0 where all is symmetric. */
static int32_t weights_offset(const mg_conv_params_t *p, const int8_t *x, uint32_t n, uint32_t step) {
    int32_t sum = 0;
    for (uint32_t i = 0; p->weights_zero_point != 0 && i < n; i++) {
        sum -= p->weights_zero_point * x[i * step];
    }
    return sum;
}

/* All channels of one output pixel from its patch. */
typedef void (*pixel_fn)(const mg_conv_params_t *p, const mg_channels_t *channels, const int8_t *patch,
                         const int8_t *weights, int8_t *out);

static void conv_pixel(const mg_conv_params_t *p, const mg_channels_t *channels, const int8_t *patch,
                       const int8_t *weights, int8_t *out) {
    uint32_t k = (uint32_t)p->kernel_h * p->kernel_w * p->in_c, c = 0;
    int32_t offset = weights_offset(p, patch, k, 1);
    for (; c + 4 <= channels->n; c += 4) {
        int32_t sums[4];
        mg_dot4(sums, patch, weights, k);
        weights += 4 * k;
        for (uint32_t i = 0; i < 4; i++) {
            out[c + i] = mg_finish(channels, c + i, mg_wrap_add(sums[i], offset));
        }
    }
    for (; c < channels->n; c++) {
        out[c] = mg_finish(channels, c, mg_wrap_add(mg_dot(patch, weights, k), offset));
        weights += k;
    }
}

static void depthwise_pixel(const mg_conv_params_t *p, const mg_channels_t *channels, const int8_t *patch,
                            const int8_t *weights, int8_t *out) {
    uint32_t taps = (uint32_t)p->kernel_h * p->kernel_w, multiplier = p->out_c / p->in_c, c = 0;
    for (uint32_t k = 0; k < p->in_c; k++) {
        int32_t offset = weights_offset(p, patch + k, taps, p->in_c);
        for (uint32_t m = 0; m < multiplier; m++, c++) {
            const int8_t *x = patch + k, *w = weights + c;
            int32_t sum = 0;
            for (uint32_t t = 0; t < taps; t++) {
                sum += *x * *w;
                x += p->in_c;
                w += p->out_c;
            }
            out[c] = mg_finish(channels, c, mg_wrap_add(sum, offset));
        }
    }
}

static void walk(const mg_call_t *call, pixel_fn pixel) {
    const mg_conv_params_t *p = &call->params.conv;
    const mg_channels_t channels = mg_channels_of(call);
    const int8_t *weights = (const int8_t *)call->data + p->weights_at, *image = call->in[0];
    int8_t *out = call->out[0], *patch = call->scratch;
    bool pointwise = p->kernel_h == 1 && p->kernel_w == 1;
    for (uint32_t n = 0; n < p->batches; n++) {
        for (int32_t y = 0; y < p->out_h; y++) {
            for (int32_t x = 0; x < p->out_w; x++, out += p->out_c) {
                const int8_t *from = patch;
                if (pointwise) { /* no padding, so the patch is a pixel of the input */
                    from = image + (uint32_t)(y * p->stride_h * p->in_w + x * p->stride_w) * p->in_c;
                } else {
                    mg_gather_patch(p, image, y, x, patch);
                }
                pixel(p, &channels, from, weights, out);
            }
        }
        image += (uint32_t)p->in_h * p->in_w * p->in_c;
    }
}

void mg_conv2d_run(const mg_call_t *call) {
    if (MG_HAS_LAYOUT(CONV_2D, MG_LAYOUT_QUADS) && call->params.conv.layout == MG_LAYOUT_QUADS) {
        mg_conv2d_packed(call);
    } else if (MG_HAS_LAYOUT(CONV_2D, MG_LAYOUT_CANONICAL)) {
        walk(call, conv_pixel);
    }
}

bool mg_depthwise_check(const mg_check_t *check) {
    const mg_conv_params_t *p = &check->params.conv;
    if (!mg_check_layout(check, MG_LAYOUTS_DEPTHWISE_CONV_2D)) {
        return false;
    }
    if (p->in_c == 0 || p->out_c % p->in_c != 0) {
        return mg_refuse(check, "output channels are no multiple of the input's", p->out_c, p->in_c);
    }
    bool planes = p->layout == MG_LAYOUT_PLANES;
    if ((p->layout != MG_LAYOUT_CANONICAL && !planes) || (planes && !mg_planes_possible(p))) {
        return mg_refuse(check, "weights in an unknown layout, convert the model again", p->layout, 1);
    }
    uint64_t weights = (uint64_t)p->kernel_h * p->kernel_w * p->out_c;
    /* Sizes of planes make sense for sound shapes only, so those are checked first. */
    return mg_check_conv(check, weights, planes ? 0 : patch_size(p))
           && (!planes || mg_check_scratch(check, mg_planes_scratch_size(p)));
}

void mg_depthwise_run(const mg_call_t *call) {
    if (MG_HAS_LAYOUT(DEPTHWISE_CONV_2D, MG_LAYOUT_PLANES) && call->params.conv.layout == MG_LAYOUT_PLANES) {
        mg_depthwise_planes(call);
    } else if (MG_HAS_LAYOUT(DEPTHWISE_CONV_2D, MG_LAYOUT_CANONICAL)) {
        walk(call, depthwise_pixel);
    }
}
