/* SPDX-License-Identifier: MIT
 *
 * DEPTHWISE_CONV_2D, int8: the formula of conv_i8.c with weights [KH,KW,Cout], where output channel c reads input channel
 * c / (Cout / Cin) alone. Weights of layout INT4 are unpacked into the scratch at once. Source: TFLite 8-bit quantisation
 * specification, DEPTHWISE_CONV_2D.
 */
#include "pixels.h"

bool mg_depthwise_plain_check(const mg_check_t *check) {
    const mg_conv_params_t *p = &check->params.conv;
    return mg_check_conv(check, mg_depthwise_weights(p), mg_patch_size(p));
}

bool mg_depthwise_int4_check(const mg_check_t *check) {
    const uint64_t weights = mg_depthwise_weights(&check->params.conv);
    return mg_check_int4(check, weights, weights);
}

static void depthwise_pixel(const mg_conv_params_t *p, const mg_part_t *part, const int8_t *patch, int8_t *out) {
    uint32_t taps = (uint32_t)p->kernel_h * p->kernel_w, multiplier = p->out_c / p->in_c, c = 0;
    for (uint32_t k = 0; k < p->in_c; k++) {
        int32_t offset = mg_weights_offset(p, patch + k, taps, p->in_c);
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
    mg_run_plain(call, depthwise_pixel);
}

void mg_depthwise_int4_run(const mg_call_t *call) {
    const mg_conv_params_t *p = &call->params.conv;
    mg_run_int4(call, (uint32_t)p->kernel_h * p->kernel_w, p->out_c, depthwise_pixel);
}
