/* SPDX-License-Identifier: MIT
 *
 * What takes many values to one, float32: pooling, reductions, softmax.
 *
 *     MAX_POOL, AVERAGE_POOL  y = max, or sum / count, of x under the window; what hangs over the edge
 *                             counts in neither. input [N,H,W,C], output [N,OH,OW,C]
 *     REDUCE                  y = sum, mean, max, min or product of x over any axes
 *     SOFTMAX                 y = e^(beta (x - max)) / sum of them, over the last axis; or its
 *                             logarithm, x - max - log(sum of e^(x - max))
 *
 * Sums run in float32 from the first element to the last, as in the reference.
 * Source: TFLM's float kernels.
 */
#include "../float32.h"

/* What becomes of values one after the other; the numbers of REDUCE stand in files. */
enum { SUM, MEAN, MAX, MIN, PROD, N_REDUCE };

static float first_of(uint32_t function) {
    const float most = 3.40282347e38f;
    return function == MAX ? -most : function == MIN ? most : function == PROD ? 1.0f : 0.0f;
}

static float join(uint32_t function, float sum, float x) {
    switch (function) {
        case MAX: return x > sum ? x : sum;
        case MIN: return x < sum ? x : sum;
        case PROD: return sum * x;
        default: return sum + x;
    }
}

static void pool(const mg_call_t *call, uint32_t function) {
    const mg_pool_params_t *p = &call->params.pool;
    const float *image = call->in[0];
    float *out = call->out[0];
    for (uint32_t n = 0; n < p->batches; n++, image += (uint32_t)p->in_h * p->in_w * p->channels) {
        for (int32_t i = 0; i < (int32_t)p->out_h * p->out_w; i++) {
            int32_t y = i / p->out_w * p->stride_h - p->pad_top, x = i % p->out_w * p->stride_w - p->pad_left;
            uint32_t top, bottom, left, right;
            mg_clip_window(y, p->kernel_h, p->in_h, &top, &bottom);
            mg_clip_window(x, p->kernel_w, p->in_w, &left, &right);
            float count = function == MEAN ? (float)((bottom - top) * (right - left)) : 1.0f;
            for (uint32_t c = 0; c < p->channels; c++) {
                float sum = first_of(function);
                for (uint32_t ky = top; ky < bottom; ky++) {
                    uint32_t at = (uint32_t)(y + (int32_t)ky) * p->in_w + (uint32_t)(x + (int32_t)left);
                    const float *v = image + at * p->channels + c;
                    for (uint32_t kx = left; kx < right; kx++, v += p->channels) {
                        sum = join(function, sum, *v);
                    }
                }
                *out++ = sum / count;
            }
        }
    }
}

static bool check_pool(const mg_check_t *check) {
    const mg_pool_params_t *p = &check->params.pool;
    return mg_check_signature_f32(check, 1)
           && mg_check_window(check, p->in_h, p->out_h, p->kernel_h, p->stride_h, 1, p->pad_top)
           && mg_check_window(check, p->in_w, p->out_w, p->kernel_w, p->stride_w, 1, p->pad_left)
           && mg_check_elements(check, 0, mg_times4(p->batches, p->in_h, p->in_w, p->channels))
           && mg_check_elements(check, 1, mg_times4(p->batches, p->out_h, p->out_w, p->channels));
}

bool mg_maxpool_f32_check(const mg_check_t *check) {
    return check_pool(check);
}

void mg_maxpool_f32_run(const mg_call_t *call) {
    pool(call, MAX);
}

bool mg_avgpool_f32_check(const mg_check_t *check) {
    return check_pool(check);
}

void mg_avgpool_f32_run(const mg_call_t *call) {
    pool(call, MEAN);
}

/* dims and stride hold the kept dimensions, then the reduced ones. */
bool mg_reduce_f32_check(const mg_check_t *check) {
    const mg_reduce_f32_params_t *p = &check->params.reduce_f32;
    uint32_t kept = mg_times4(p->dims[0], p->dims[1], p->dims[2], 1);
    if (p->function >= N_REDUCE) {
        return mg_refuse_model(check, "needs a newer Midge on the board: function", p->function, N_REDUCE - 1);
    }
    return mg_check_signature_f32(check, 1)
           && mg_check_walk(check, 0, p->dims, p->stride, 6, check->tensors[0].size / 4)
           && mg_check_elements(check, 1, kept)
           && mg_check_elements(check, 0, mg_times4(kept, p->dims[3], p->dims[4], p->dims[5]));
}

static float reduce(const mg_reduce_f32_params_t *p, const float *x) {
    float sum = first_of(p->function);
    for (uint32_t i = 0; i < p->dims[3]; i++) {
        for (uint32_t j = 0; j < p->dims[4]; j++) {
            const float *v = x + i * p->stride[3] + j * p->stride[4];
            for (uint32_t k = 0; k < p->dims[5]; k++, v += p->stride[5]) {
                sum = join(p->function, sum, *v);
            }
        }
    }
    return p->function == MEAN ? sum / (float)(p->dims[3] * p->dims[4] * p->dims[5]) : sum;
}

void mg_reduce_f32_run(const mg_call_t *call) {
    const mg_reduce_f32_params_t *p = &call->params.reduce_f32;
    const float *x = call->in[0];
    float *out = call->out[0];
    for (uint32_t i = 0; i < p->dims[0]; i++) {
        for (uint32_t j = 0; j < p->dims[1]; j++) {
            const float *v = x + i * p->stride[0] + j * p->stride[1];
            for (uint32_t k = 0; k < p->dims[2]; k++, v += p->stride[2]) {
                *out++ = reduce(p, v);
            }
        }
    }
}

bool mg_softmax_f32_check(const mg_check_t *check) {
    const mg_softmax_f32_params_t *p = &check->params.softmax_f32;
    return mg_check_signature_f32(check, 1) && mg_check_elements(check, 0, mg_times(p->rows, p->depth))
           && mg_check_elements(check, 1, mg_times(p->rows, p->depth));
}

void mg_softmax_f32_run(const mg_call_t *call) {
    const mg_softmax_f32_params_t *p = &call->params.softmax_f32;
    const float *x = call->in[0];
    float *out = call->out[0];
    for (uint32_t r = 0; r < p->rows; r++, x += p->depth, out += p->depth) {
        float max = first_of(MAX), sum = 0.0f;
        for (uint32_t c = 0; c < p->depth; c++) {
            max = join(MAX, max, x[c]);
        }
        for (uint32_t c = 0; c < p->depth; c++) {
            out[c] = (x[c] - max) * p->beta;
            float power = mg_exp(out[c]);
            out[c] = p->log ? out[c] : power;
            sum += power;
        }
        float log_sum = p->log ? mg_log(sum) : 0.0f;
        for (uint32_t c = 0; c < p->depth; c++) {
            out[c] = p->log ? out[c] - log_sum : out[c] / sum;
        }
    }
}
