/* SPDX-License-Identifier: MIT
 *
 * MAX_POOL_2D and AVERAGE_POOL_2D, int8. input [N,H,W,C], output [N,OH,OW,C].
 *
 *     max:      y = clamp(max of x under the window)
 *     average:  y = clamp(round(sum of x under the window / count)), halves away from zero;
 *                                             with half_up towards infinity
 *
 * The parts of a window that hang over the edge count in neither. Input and output share scale and
 * zero point. No overflow for windows up to 2^22 elements: sums, 2^8 a count and half a count stay below 2^31.
 * Source: TFLite 8-bit quantisation specification, MAX_POOL_2D and AVERAGE_POOL_2D.
 */
#include "../../loops/loops.h"
#include "../kernels.h"

typedef struct {
    const int8_t *first; /* channel 0 of the window's first element inside */
    uint32_t h, w;       /* elements inside */
    uint32_t line;       /* step from row to row */
    uint32_t channels;
    bool half_up;
} window_t;

static int32_t window_max(const window_t *window) {
    int32_t best = INT8_MIN;
    const int8_t *row = window->first;
    for (uint32_t i = 0; i < window->h; i++, row += window->line) {
        const int8_t *x = row;
        for (uint32_t j = 0; j < window->w; j++, x += window->channels) {
            best = *x > best ? *x : best;
        }
    }
    return best;
}

static int32_t average_of(const window_t *window, int32_t sum, int32_t count) {
    if (window->half_up) { /* as of the sum of x + 128, which is never negative */
        return (sum + 128 * count + count / 2) / count - 128;
    }
    return (sum + (sum > 0 ? count / 2 : -(count / 2))) / count;
}

static int32_t window_average(const window_t *window) {
    int32_t sum = 0, count = (int32_t)(window->h * window->w);
    const int8_t *row = window->first;
    for (uint32_t i = 0; i < window->h; i++, row += window->line) {
        const int8_t *x = row;
        for (uint32_t j = 0; j < window->w; j++, x += window->channels) {
            sum += *x;
        }
    }
    return average_of(window, sum, count);
}

typedef uint32_t (*channels_fn)(int8_t *out, const int8_t *x, uint32_t h, uint32_t w, uint32_t line, uint32_t channels,
                                const mg_range_t *range);

/* Four channels of the window at once. */
static void window_max_4(const window_t *window, int8_t y[4]) {
    uint32_t best = 0x80808080u;
    const int8_t *row = window->first;
    for (uint32_t i = 0; i < window->h; i++, row += window->line) {
        const int8_t *x = row;
        for (uint32_t j = 0; j < window->w; j++, x += window->channels) {
            best = mg_max4(best, mg_load_u32((const uint8_t *)x));
        }
    }
    memcpy(y, &best, 4);
}

/* Pairs of int16 hold sums of up to 256 values; a window is summed in as many parts as that takes. */
static void window_average_4(const window_t *window, int8_t y[4]) {
    int32_t sums[4] = {0, 0, 0, 0};
    uint32_t pairs[2] = {0, 0}, held = 0, h = window->h, w = window->w;
    const int8_t *row = window->first;
    if (w * window->channels == window->line) { /* its rows are one */
        w *= h;
        h = 1;
    }
    for (; h != 0; h--, row += window->line) {
        const int8_t *x = row;
        for (uint32_t left = w; left != 0;) {
            uint32_t n = left < 256 - held ? left : 256 - held;
            left -= n;
            held += n;
            for (; n != 0; n--, x += window->channels) {
                mg_add4(pairs, mg_load_u32((const uint8_t *)x));
            }
            if (held == 256 || (left == 0 && h == 1)) {
                for (uint32_t c = 0; c < 4; c++) {
                    sums[c] += (int16_t)(uint16_t)(pairs[c & 1u] >> (c & 2u) * 8);
                }
                pairs[0] = pairs[1] = held = 0;
            }
        }
    }
    for (uint32_t c = 0; c < 4; c++) {
        y[c] = (int8_t)average_of(window, sums[c], (int32_t)(window->h * window->w));
    }
}

/* all: of loops.h. */
static inline void pool(const mg_call_t *call, int32_t (*reduce)(const window_t *),
                        void (*reduce_4)(const window_t *, int8_t *), channels_fn all) {
    const mg_pool_params_t *p = &call->params.pool;
    const int8_t *image = call->in[0];
    int8_t *out = call->out[0];
    window_t window = {NULL, 0, 0, (uint32_t)p->in_w * p->channels, p->channels, p->half_up != 0};
    const mg_range_t range = {0, p->act_min, p->act_max};
    for (uint32_t n = 0; n < p->batches; n++, image += p->in_h * window.line) {
        for (int32_t y = 0; y < p->out_h; y++) {
            int32_t y0 = y * p->stride_h - p->pad_top;
            uint32_t top, bottom;
            mg_clip_window(y0, p->kernel_h, p->in_h, &top, &bottom);
            window.h = bottom - top;
            for (int32_t x = 0; x < p->out_w; x++) {
                int32_t x0 = x * p->stride_w - p->pad_left;
                uint32_t left, right;
                mg_clip_window(x0, p->kernel_w, p->in_w, &left, &right);
                window.w = right - left;
                window.first =
                    image + (uint32_t)(y0 + (int32_t)top) * window.line + (uint32_t)(x0 + (int32_t)left) * p->channels;
                uint32_t c =
                    p->half_up ? 0 : all(out, window.first, window.h, window.w, window.line, p->channels, &range);
                out += c;
                window.first += c;
                for (c = p->channels - c; c >= 4; c -= 4, window.first += 4, out += 4) {
                    reduce_4(&window, out);
                }
                for (; c != 0; c--, window.first++) {
                    *out++ = (int8_t)reduce(&window);
                }
            }
        }
    }
    if (p->act_min > INT8_MIN || p->act_max < INT8_MAX) {
        mg_clamp_bytes(call->out[0], call->out_size, p->act_min, p->act_max);
    }
}

bool mg_maxpool_check(const mg_check_t *check) {
    return mg_check_pool(check);
}

void mg_maxpool_run(const mg_call_t *call) {
    pool(call, window_max, window_max_4, mg_max_channels);
}

bool mg_avgpool_check(const mg_check_t *check) {
    const mg_pool_params_t *p = &check->params.pool;
    if (mg_times(p->kernel_h, p->kernel_w) > 1u << 22) {
        return MG_REFUSE(check, "a window of too many elements", UINT32_MAX, 1u << 22);
    }
    return mg_check_pool(check);
}

void mg_avgpool_run(const mg_call_t *call) {
    pool(call, window_average, window_average_4, mg_average_channels);
}
