/* SPDX-License-Identifier: MIT
 *
 * RESIZE_BILINEAR, int8. input [N,H,W,C], output [N,OH,OW,C] of the same scale and zero point.
 *
 *     v = start_h + i * scale_h in Q22.10,  y0 = max(v >> 10, 0),  y1 = min(ceil(v / 1024), H - 1)
 *     out = round(sum of the four neighbours, each weighted by 1024 - its distance in v and u, / 2^20)
 *
 * halves away from zero; u likewise along the width. Where half-pixel centres put v below 0, the weights
 * extrapolate as they do in TFLM. |weight| <= 2048, so the sum stays below 2^31.
 * Legacy models (uint8, of which x + 128 is left here) interpolate in float32: out = floor(sum + 0.5) of x + 128.
 * Source: TFLite's ResizeBilinearInteger and ResizeBilinear.
 */
#include "../float32.h"

/* Positions along one axis: what each output element reads. */
typedef struct {
    uint32_t low, high;   /* indices of the neighbours */
    int32_t below, above; /* their weights */
} between_t;

static between_t between(int32_t start, int32_t scale, uint32_t i, uint32_t size) {
    int32_t v = start + (int32_t)i * scale, last = (int32_t)size - 1;
    int32_t low = mg_clamp(v / 1024, 0, last), high = mg_clamp((v + 1023) / 1024, 0, last);
    int32_t above = mg_clamp(v - 1024 * low, -1024, 1024);
    between_t found = {(uint32_t)low, (uint32_t)high, 1024 - above, above};
    return found;
}

/* The same in float32; the share of the upper neighbour goes to *above. */
static between_t between_real(int32_t start, int32_t scale, uint32_t i, uint32_t size, float *above) {
    float real_start = mg_float_of((uint32_t)start), real_scale = mg_float_of((uint32_t)scale);
    float v = real_start != 0.0f ? ((float)i + 0.5f) * real_scale - 0.5f : (float)i * real_scale;
    int32_t whole = (int32_t)v, last = (int32_t)size - 1; /* v > -1, so that only the rest can be negative */
    int32_t low = mg_clamp(whole, 0, last), high = mg_clamp(whole + (v > (float)whole), 0, last);
    between_t found = {(uint32_t)low, (uint32_t)high, 0, 0};
    *above = v - (float)low;
    return found;
}

static bool check_axis(const mg_check_t *check, int32_t start, int32_t scale, uint32_t out) {
    if (check->params.bilinear.legacy) {
        float real = mg_float_of((uint32_t)scale);
        return (real >= 0.0f && (float)out * real <= 1.0e9f && (start == 0 || start == 0x3f000000))
               || MG_REFUSE(check, "a resize reads outside its input: scale", (uint32_t)scale, 0);
    }
    return (scale >= 0 && start >= -1024 && start <= 1 << 26
            && mg_times(out, (uint32_t)scale) < (1u << 30) - (uint32_t)start) /* no position overflows */
           || MG_REFUSE(check, "a resize reads outside its input: scale", (uint32_t)scale, 0);
}

bool mg_bilinear_check(const mg_check_t *check) {
    const mg_bilinear_params_t *p = &check->params.bilinear;
    return mg_check_signature(check, 1, MG_INT8, MG_INT8) && check_axis(check, p->start_h, p->scale_h, p->out_h)
           && check_axis(check, p->start_w, p->scale_w, p->out_w)
           && mg_check_elements(check, 0, mg_times4(p->batches, p->in_h, p->in_w, p->channels))
           && mg_check_elements(check, 1, mg_times4(p->batches, p->out_h, p->out_w, p->channels));
}

static void run_legacy(const mg_call_t *call) {
    const mg_bilinear_params_t *p = &call->params.bilinear;
    const uint32_t line = (uint32_t)p->in_w * p->channels;
    const int8_t *image = call->in[0];
    int8_t *out = call->out[0];
    for (uint32_t n = 0; n < p->batches; n++, image += p->in_h * line) {
        for (uint32_t i = 0; i < p->out_h; i++) {
            float dy, dx;
            between_t y = between_real(p->start_h, p->scale_h, i, p->in_h, &dy);
            const int8_t *top = image + y.low * line, *bottom = image + y.high * line;
            for (uint32_t j = 0; j < p->out_w; j++) {
                between_t x = between_real(p->start_w, p->scale_w, j, p->in_w, &dx);
                const uint32_t left = x.low * p->channels, right = x.high * p->channels;
                for (uint32_t c = 0; c < p->channels; c++) {
                    float a = (float)(top[left + c] + 128) * (1.0f - dy) * (1.0f - dx);
                    float b = (float)(bottom[left + c] + 128) * dy * (1.0f - dx);
                    float d = (float)(top[right + c] + 128) * (1.0f - dy) * dx;
                    float e = (float)(bottom[right + c] + 128) * dy * dx;
                    *out++ = (int8_t)((int32_t)mg_clamp_f32(a + b + d + e + 0.5f, 0.0f, 255.0f) - 128);
                }
            }
        }
    }
}

void mg_bilinear_run(const mg_call_t *call) {
    const mg_bilinear_params_t *p = &call->params.bilinear;
    if (p->legacy) {
        run_legacy(call);
        return;
    }
    const uint32_t line = (uint32_t)p->in_w * p->channels;
    const int8_t *image = call->in[0];
    int8_t *out = call->out[0];
    for (uint32_t n = 0; n < p->batches; n++, image += p->in_h * line) {
        for (uint32_t i = 0; i < p->out_h; i++) {
            between_t y = between(p->start_h, p->scale_h, i, p->in_h);
            const int8_t *top = image + y.low * line, *bottom = image + y.high * line;
            for (uint32_t j = 0; j < p->out_w; j++) {
                between_t x = between(p->start_w, p->scale_w, j, p->in_w);
                uint32_t left = x.low * p->channels, right = x.high * p->channels;
                for (uint32_t c = 0; c < p->channels; c++) {
                    int32_t sum = (top[left + c] * y.below + bottom[left + c] * y.above) * x.below
                                  + (top[right + c] * y.below + bottom[right + c] * y.above) * x.above;
                    *out++ = (int8_t)((sum + (sum > 0 ? 1 << 19 : -(1 << 19))) / (1 << 20));
                }
            }
        }
    }
}
