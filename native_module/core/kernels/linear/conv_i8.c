/* SPDX-License-Identifier: MIT
 *
 * CONV_2D and DEPTHWISE_CONV_2D, int8, with weights as they are (layout PLAIN) or as int4. A fully connected layer is a
 * 1x1 convolution over its rows.
 *
 *     y[n,i,j,c] = clamp(zp_out + m[c] * (b[c] + sum over p,q,k of w[c,p,q,k] * x[n,i',j',k]))
 *     i' = i * stride_h - pad_top + p * dilation_h, and j' likewise; x is its zero point outside
 *
 * input [N,H,W,Cin] int8, weights [Cout,KH,KW,Cin] int8 with zero point 0, output [N,OH,OW,Cout].
 * b[c] contains -zp_in * sum(w[c]), which is exact in int32, so that the loop multiplies bare bytes.
 * Weights with a zero point zp_w (legacy uint8 models) take zp_w * sum(x) off, one sum per position.
 * The accumulator is bounded by 2^14 * KH*KW*Cin < 2^31; adding b[c] may wrap, as it does in TFLM.
 * Depthwise: weights [KH,KW,Cout], output channel c reads input channel c / (Cout / Cin).
 * Weights of layout INT4 are unpacked into the scratch: those of a depthwise layer at once, those of others four
 * channels at a time (one, where only one pixel wants them).
 * Rounding: arithmetic/requantize.h. Source: TFLite 8-bit quantisation specification, CONV_2D and
 * DEPTHWISE_CONV_2D, and the kernels of TensorFlow Lite Micro for the order of roundings.
 */
#include "../../layouts.h"
#include "depthwise_direct.h"
#include "wide.h"

/* A patch, except where a pixel of the input is one. */
static uint32_t patch_size(const mg_conv_params_t *p) {
    return mg_is_pointwise(p) ? 0 : mg_taps_of(p);
}

/* int4 weights, of which `unpacked` are in the scratch as int8 at one time. */
static __attribute__((noinline)) bool check_int4(const mg_check_t *check, uint32_t weights, uint32_t unpacked) {
    const mg_conv_params_t *p = &check->params.conv;
    if (p->weights_zero_point != 0) {
        return MG_REFUSE(check, "int4 weights with a zero point", (uint8_t)p->weights_zero_point, 0);
    }
    return mg_check_conv(check, weights / 2 + weights % 2 /* of too many still 2^31 */,
                         mg_plus(patch_size(p), unpacked));
}

/* -zp_w times the sum of n inputs that are `step` apart; 0 where all is symmetric. */
static int32_t weights_offset(const mg_conv_params_t *p, const int8_t *x, uint32_t n, uint32_t step) {
    int32_t sum = 0;
    for (uint32_t i = 0; p->weights_zero_point != 0 && i < n; i++) {
        sum -= p->weights_zero_point * x[i * step];
    }
    return sum;
}

/* Output channels first <= c < last, and their weights. */
typedef struct {
    mg_channels_t channels;
    const int8_t *weights;
    uint32_t first, last;
} part_t;

/* The part's channels of one output pixel from its patch. */
typedef void (*pixel_fn)(const mg_conv_params_t *p, const part_t *part, const int8_t *patch, int8_t *out);

static void walk(const mg_call_t *call, const part_t *part, pixel_fn pixel) {
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

/* All weights as they are stored or, where `group` is not 0, the int4 weights of so many channels at a time. */
static __attribute__((noinline)) void run_parts(const mg_call_t *call, uint32_t taps, uint32_t group, pixel_fn pixel) {
    const mg_conv_params_t *p = &call->params.conv;
    const uint8_t *weights = call->data + p->weights_at;
    part_t part = {mg_channels_of(call), (const int8_t *)weights, 0, p->out_c};
    if (group == 0) {
        walk(call, &part, pixel);
        return;
    }
    int8_t *unpacked = (int8_t *)call->scratch + patch_size(p);
    part.weights = unpacked;
    for (; part.first < p->out_c; part.first = part.last) {
        uint32_t left = p->out_c - part.first, n = left < group ? left : group;
        part.last = part.first + n;
        unpack(weights, part.first * taps, n * taps, unpacked);
        walk(call, &part, pixel);
    }
}

/* Channels whose int4 weights are unpacked together. */
static uint32_t unpacked_channels(const mg_conv_params_t *p) {
    return mg_pixels_of(p) == 1 ? 1 : 4;
}

bool mg_conv_plain_check(const mg_check_t *check) {
    const mg_conv_params_t *p = &check->params.conv;
    return mg_check_conv(check, mg_times(mg_taps_of(p), p->out_c), patch_size(p));
}

bool mg_conv_int4_check(const mg_check_t *check) {
    const mg_conv_params_t *p = &check->params.conv;
    const uint32_t taps = mg_taps_of(p);
    return check_int4(check, mg_times(taps, p->out_c), mg_times(taps, unpacked_channels(p)));
}

#ifdef MG_EIGHTS

/* As many channels as there are whole groups of; returns how many. */
static uint32_t conv_eights(const part_t *part, const int8_t *patch, uint32_t k, int32_t offset, int8_t *out) {
    uint32_t c = part->first;
    for (; k >= 16 && c + 8 <= part->last; c += 8) {
        int32_t sums[8];
        mg_dot_eight(sums, patch, part->weights + (c - part->first) * k, k);
        for (uint32_t i = 0; i < 8; i++) {
            sums[i] = mg_wrap_add(sums[i], offset);
        }
        mg_finish_pixels(&part->channels, c, sums, 0, out, 1);
    }
    return c - part->first;
}

#else

#define conv_eights(part, patch, k, offset, out) 0

#endif

static void conv_pixel(const mg_conv_params_t *p, const part_t *part, const int8_t *patch, int8_t *out) {
    const mg_channels_t *channels = &part->channels;
    const uint32_t k = (uint32_t)p->kernel_h * p->kernel_w * p->in_c;
    const int32_t offset = weights_offset(p, patch, k, 1);
    const uint32_t done = conv_eights(part, patch, k, offset, out);
    const int8_t *weights = part->weights + done * k;
    for (uint32_t c = part->first + done; c < part->last;) {
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
    if (!mg_conv_wide(call)) {
        run_parts(call, 0, 0, conv_pixel);
    }
}

void mg_conv_int4_run(const mg_call_t *call) {
    const mg_conv_params_t *p = &call->params.conv;
    run_parts(call, mg_taps_of(p), unpacked_channels(p), conv_pixel);
}

bool mg_depthwise_plain_check(const mg_check_t *check) {
    const mg_conv_params_t *p = &check->params.conv;
    return mg_check_conv(check, mg_depthwise_weights(p), mg_is_direct(p) ? 0 : patch_size(p));
}

bool mg_depthwise_int4_check(const mg_check_t *check) {
    const uint32_t weights = mg_depthwise_weights(&check->params.conv);
    return check_int4(check, weights, weights);
}

static void depthwise_pixel(const mg_conv_params_t *p, const part_t *part, const int8_t *patch, int8_t *out) {
    uint32_t taps = (uint32_t)p->kernel_h * p->kernel_w, multiplier = p->out_c / p->in_c;
    uint32_t c = 0;
    for (uint32_t k = 0; k < p->in_c; k++) {
        int32_t offset = weights_offset(p, patch + k, taps, p->in_c);
        for (uint32_t m = 0; m < multiplier; m++, c++) {
            const int8_t *x = patch + k, *w = part->weights + c;
            int32_t sum = 0;
            for (uint32_t t = 0; t < taps; t++) {
                sum += *x * *w;
                x += p->in_c;
                w += p->out_c;
            }
            out[c] = mg_finish(&part->channels, c, mg_wrap_add(sum, offset));
        }
    }
}

void mg_depthwise_plain_run(const mg_call_t *call) {
    if (mg_is_direct(&call->params.conv)) {
        mg_depthwise_direct_plain(call);
    } else if (!mg_depthwise_wide(call)) {
        run_parts(call, 0, 0, depthwise_pixel);
    }
}

void mg_depthwise_int4_run(const mg_call_t *call) {
    const mg_conv_params_t *p = &call->params.conv;
    run_parts(call, (uint32_t)p->kernel_h * p->kernel_w, p->out_c, depthwise_pixel);
}

bool mg_conv2d_check(const mg_check_t *check) {
    if (MG_DENSE_ONLY && !mg_is_dense(&check->params.conv)) {
        return mg_refuse_op(check->error, MG_OP_CONV_2D, "CONV_2D but for dense layers");
    }
    return mg_check_in_layout(check, MG_OP_CONV_2D);
}

void mg_conv2d_run(const mg_call_t *call) {
    mg_run_in_layout(call, MG_OP_CONV_2D);
}

bool mg_depthwise_check(const mg_check_t *check) {
    const mg_conv_params_t *p = &check->params.conv;
    if (p->in_c == 0 || p->out_c % p->in_c != 0) {
        return MG_REFUSE(check, "output channels are no multiple of the input's", p->out_c, p->in_c);
    }
    return mg_check_in_layout(check, MG_OP_DEPTHWISE_CONV_2D);
}

void mg_depthwise_run(const mg_call_t *call) {
    mg_run_in_layout(call, MG_OP_DEPTHWISE_CONV_2D);
}
