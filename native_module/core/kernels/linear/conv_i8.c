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
 * Layout 4 holds int4 weights, two in a byte. They are unpacked into the scratch: those of a depthwise
 * layer at once, those of others four channels at a time (one, where only one pixel wants them).
 * Depthwise: weights [KH,KW,Cout], output channel c reads input channel c / (Cout / Cin).
 * Rounding: arithmetic/requantize.h. Source: TFLite 8-bit quantisation specification, CONV_2D and
 * DEPTHWISE_CONV_2D, and the kernels of TensorFlow Lite Micro for the order of roundings.
 */
#include "channels.h"

/* A patch, except where a pixel of the input is one. */
static uint32_t patch_size(const mg_conv_params_t *p) {
    return mg_is_pointwise(p) ? 0 : mg_taps_of(p);
}

/* Channels whose int4 weights are unpacked together. */
static uint32_t unpacked_channels(const mg_conv_params_t *p) {
    return mg_pixels_of(p) == 1 ? 1 : 4;
}

/* `weights` of int4, of which `unpacked` lie as int8 at one time. */
static bool check_nibbles(const mg_check_t *check, uint32_t weights, uint32_t unpacked) {
    const mg_conv_params_t *p = &check->params.conv;
    if (p->weights_zero_point != 0) {
        return MG_REFUSE(check, "int4 weights with a zero point", (uint8_t)p->weights_zero_point, 0);
    }
    return mg_check_conv(check, weights / 2 + weights % 2 /* of too many still 2^31 */,
                         mg_plus(patch_size(p), unpacked));
}

/* Whether a layer lies in this layout; in a build without it, no code is left of what that decides. */
#define LIES_IN(op, layout_) (MG_HAS_LAYOUT(op, MG_LAYOUT_##layout_) && p->layout == MG_LAYOUT_##layout_)

#define HAS_NIBBLES \
    (MG_HAS_LAYOUT(CONV_2D, MG_LAYOUT_NIBBLES) || MG_HAS_LAYOUT(DEPTHWISE_CONV_2D, MG_LAYOUT_NIBBLES))

static bool refuse_layout(const mg_check_t *check) {
    return MG_REFUSE(check, "weights in an unknown layout, convert the model again", check->params.conv.layout, 1);
}

bool mg_conv2d_check(const mg_check_t *check) {
    const mg_conv_params_t *p = &check->params.conv;
    const uint32_t taps = mg_taps_of(p);
    if (!mg_check_layout(check, MG_LAYOUTS_CONV_2D)) {
        return false;
    }
    if (MG_DENSE_ONLY && !mg_is_dense(p)) {
        return mg_refuse_op(check->error, MG_OP_CONV_2D, "CONV_2D but for dense layers");
    }
    if (LIES_IN(CONV_2D, CANONICAL)) {
        return mg_check_conv(check, mg_times(taps, p->out_c), patch_size(p));
    }
    if (LIES_IN(CONV_2D, PAIRS)) {
        return mg_check_conv(check, mg_pairs_weights_size(p), mg_pairs_scratch_size(p))
               && mg_check_data(check, p->channels_at, mg_pairs_table_size(p));
    }
    if (LIES_IN(CONV_2D, WORDS)) {
        return mg_check_conv(check, mg_words_weights_size(p), mg_words_scratch_size(p))
               && MG_OFFER_SCRATCH(check, mg_words_scratch_step(p), mg_words_scratch_most(p));
    }
    if (LIES_IN(CONV_2D, ROWS)) {
        return mg_conv2d_rows_check(check);
    }
    if (LIES_IN(CONV_2D, TWINS)) {
        return mg_check_conv(check, mg_twins_weights_size(p), mg_twins_scratch_size(p))
               && MG_OFFER_SCRATCH(check, mg_twins_scratch_step(p), mg_twins_scratch_most(p));
    }
    if (LIES_IN(CONV_2D, NIBBLES)) {
        return check_nibbles(check, mg_times(taps, p->out_c), mg_times(taps, unpacked_channels(p)));
    }
    return refuse_layout(check);
}

/* -zp_w times the sum of n inputs that lie `step` apart; 0 where all is symmetric. */
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

static void conv_pixel(const mg_conv_params_t *p, const part_t *part, const int8_t *patch, int8_t *out) {
    const mg_channels_t *channels = &part->channels;
    const int8_t *weights = part->weights;
    const uint32_t k = (uint32_t)p->kernel_h * p->kernel_w * p->in_c;
    const int32_t offset = weights_offset(p, patch, k, 1);
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

static void depthwise_pixel(const mg_conv_params_t *p, const part_t *part, const int8_t *patch, int8_t *out) {
    uint32_t taps = (uint32_t)p->kernel_h * p->kernel_w, multiplier = p->out_c / p->in_c, c = 0;
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

/* n int4 weights, behind `first` others: two in a byte, the low half first. */
static void unpack_nibbles(const uint8_t *packed, uint32_t first, uint32_t n, int8_t *to) {
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

/* Every weight and channel as they lie, or the int4 weights of `group` channels at a time. */
static void run_parts(const mg_call_t *call, uint32_t taps, uint32_t group, pixel_fn pixel) {
    const mg_conv_params_t *p = &call->params.conv;
    const uint8_t *weights = call->data + p->weights_at;
    part_t part = {mg_channels_of(call), (const int8_t *)weights, 0, p->out_c};
    if (!HAS_NIBBLES || p->layout != MG_LAYOUT_NIBBLES) {
        walk(call, &part, pixel);
        return;
    }
    int8_t *unpacked = (int8_t *)call->scratch + patch_size(p);
    part.weights = unpacked;
    for (; part.first < p->out_c; part.first = part.last) {
        uint32_t left = p->out_c - part.first, n = left < group ? left : group;
        part.last = part.first + n;
        unpack_nibbles(weights, part.first * taps, n * taps, unpacked);
        walk(call, &part, pixel);
    }
}

void mg_conv2d_run(const mg_call_t *call) {
    const mg_conv_params_t *p = &call->params.conv;
    if (LIES_IN(CONV_2D, PAIRS)) {
        mg_conv2d_pairs(call);
    } else if (LIES_IN(CONV_2D, WORDS)) {
        mg_conv2d_words(call);
    } else if (LIES_IN(CONV_2D, ROWS)) {
        mg_conv2d_rows(call);
    } else if (LIES_IN(CONV_2D, TWINS)) {
        mg_conv2d_twins(call);
    } else if (MG_HAS_LAYOUT(CONV_2D, MG_LAYOUT_CANONICAL) || MG_HAS_LAYOUT(CONV_2D, MG_LAYOUT_NIBBLES)) {
        run_parts(call, (uint32_t)p->kernel_h * p->kernel_w * p->in_c, unpacked_channels(p), conv_pixel);
    }
}

bool mg_depthwise_check(const mg_check_t *check) {
    const mg_conv_params_t *p = &check->params.conv;
    if (!mg_check_layout(check, MG_LAYOUTS_DEPTHWISE_CONV_2D)) {
        return false;
    }
    if (p->in_c == 0 || p->out_c % p->in_c != 0) {
        return MG_REFUSE(check, "output channels are no multiple of the input's", p->out_c, p->in_c);
    }
    const uint32_t weights = mg_times4(p->kernel_h, p->kernel_w, p->out_c, 1);
    /* Sizes of scratch make sense for sound shapes only, so those are checked first. */
    if (LIES_IN(DEPTHWISE_CONV_2D, CANONICAL)) {
        return mg_check_conv(check, weights, patch_size(p));
    }
    if (LIES_IN(DEPTHWISE_CONV_2D, STRIPS) && mg_strips_possible(p)) {
        return mg_check_conv(check, weights, 0) && mg_check_scratch(check, mg_strips_scratch_size(p));
    }
    if (LIES_IN(DEPTHWISE_CONV_2D, WORDS)) {
        return mg_check_conv(check, weights, 0) && mg_check_scratch(check, mg_depthwise_words_scratch_size(p))
               && MG_OFFER_SCRATCH(check, mg_depthwise_words_scratch_step(p), mg_depthwise_words_scratch_most(p));
    }
    if (LIES_IN(DEPTHWISE_CONV_2D, LANES)) {
        return mg_depthwise_lanes_check(check);
    }
    if (LIES_IN(DEPTHWISE_CONV_2D, PLANES)) {
        return mg_check_conv(check, weights, 0) && mg_check_scratch(check, mg_planes_scratch_size(p))
               && MG_OFFER_SCRATCH(check, mg_planes_scratch_step(p), mg_planes_scratch_most(p));
    }
    if (LIES_IN(DEPTHWISE_CONV_2D, NIBBLES)) {
        return check_nibbles(check, weights, weights);
    }
    return refuse_layout(check);
}

void mg_depthwise_run(const mg_call_t *call) {
    const mg_conv_params_t *p = &call->params.conv;
    if (LIES_IN(DEPTHWISE_CONV_2D, STRIPS)) {
        mg_depthwise_strips(call);
    } else if (LIES_IN(DEPTHWISE_CONV_2D, WORDS)) {
        mg_depthwise_words(call);
    } else if (LIES_IN(DEPTHWISE_CONV_2D, LANES)) {
        mg_depthwise_lanes(call);
    } else if (LIES_IN(DEPTHWISE_CONV_2D, PLANES)) {
        mg_depthwise_planes(call);
    } else if (MG_HAS_LAYOUT(DEPTHWISE_CONV_2D, MG_LAYOUT_CANONICAL)
               || MG_HAS_LAYOUT(DEPTHWISE_CONV_2D, MG_LAYOUT_NIBBLES)) {
        run_parts(call, (uint32_t)p->kernel_h * p->kernel_w, p->out_c, depthwise_pixel);
    }
}
