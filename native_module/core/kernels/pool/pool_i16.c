/* SPDX-License-Identifier: MIT
 *
 * MAX_POOL_2D and AVERAGE_POOL_2D, int16. input [N,H,W,C], output [N,OH,OW,C].
 *
 *     max:      y = clamp(max of x under the window)
 *     average:  y = clamp(round(sum of x under the window / count)), halves away from zero
 *
 * The parts of a window that hang over the edge count in neither. Input and output share scale and
 * zero point. No overflow for windows up to 2^15 elements: the sum and half the count stay below 2^31.
 * Source: TFLite quantisation specification, MAX_POOL_2D and AVERAGE_POOL_2D.
 */
#include "../../arithmetic/wide.h"
#include "../kernels.h"

static bool check_pool_i16(const mg_check_t *check) {
    const mg_pool_i16_params_t *p = &check->params.pool_i16;
    if (mg_times(p->kernel_h, p->kernel_w) > 1u << 15) {
        return MG_REFUSE(check, "a window of too many elements", UINT32_MAX, 1u << 15);
    }
    return mg_check_signature(check, 1, MG_INT16, MG_INT16)
           && mg_check_window(check, p->in_h, p->out_h, p->kernel_h, p->stride_h, 1, p->pad_top)
           && mg_check_window(check, p->in_w, p->out_w, p->kernel_w, p->stride_w, 1, p->pad_left)
           && mg_check_elements(check, 0, mg_times4(p->batches, p->in_h, p->in_w, p->channels))
           && mg_check_elements(check, 1, mg_times4(p->batches, p->out_h, p->out_w, p->channels));
}

static void pool_i16(const mg_call_t *call, bool average) {
    const mg_pool_i16_params_t *p = &call->params.pool_i16;
    const uint8_t *image = call->in[0]; /* a constant may lie at an odd address */
    int16_t *out = call->out[0];
    uint32_t pixel = 2u * p->channels, line = p->in_w * pixel;
    for (uint32_t n = 0; n < p->batches; n++, image += p->in_h * line) {
        for (int32_t y = 0; y < p->out_h; y++) {
            int32_t y0 = y * p->stride_h - p->pad_top;
            uint32_t top, bottom;
            mg_clip_window(y0, p->kernel_h, p->in_h, &top, &bottom);
            for (int32_t x = 0; x < p->out_w; x++) {
                int32_t x0 = x * p->stride_w - p->pad_left;
                uint32_t left, right;
                mg_clip_window(x0, p->kernel_w, p->in_w, &left, &right);
                const uint8_t *first =
                    image + (uint32_t)(y0 + (int32_t)top) * line + (uint32_t)(x0 + (int32_t)left) * pixel;
                int32_t count = (int32_t)((bottom - top) * (right - left));
                for (uint32_t c = 0; c < p->channels; c++, first += 2) {
                    int32_t sum = 0, best = INT16_MIN;
                    for (uint32_t i = 0; i < bottom - top; i++) {
                        for (uint32_t j = 0; j < right - left; j++) {
                            int32_t v = mg_load_i16(first + i * line + j * pixel);
                            sum += v;
                            best = v > best ? v : best;
                        }
                    }
                    if (average) {
                        best = (sum + (sum > 0 ? count / 2 : -(count / 2))) / count;
                    }
                    *out++ = (int16_t)mg_clamp(best, p->act_min, p->act_max);
                }
            }
        }
    }
}

bool mg_maxpool_i16_check(const mg_check_t *check) {
    return check_pool_i16(check);
}

void mg_maxpool_i16_run(const mg_call_t *call) {
    pool_i16(call, false);
}

bool mg_avgpool_i16_check(const mg_check_t *check) {
    return check_pool_i16(check);
}

void mg_avgpool_i16_run(const mg_call_t *call) {
    pool_i16(call, true);
}
