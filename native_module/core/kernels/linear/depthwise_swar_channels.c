/* SPDX-License-Identifier: MIT
 *
 * DEPTHWISE_CONV_2D a channel at a time (layout SWAR_CHANNELS): the formula of conv_i8.c, for cores that multiply one
 * number at a time, load bytes with their sign as fast as words, and have some 28 registers (RISC-V).
 *
 * A channel's plane is gathered into the scratch, with the zero point around it, as many rows of it as there is room
 * for. Taps and constants of the channel stay in registers. Windows of 3x3 that move down by one or two go from row
 * to row: what the three values of a row give the outputs that they lie under is added to their sums, so that each
 * is loaded once for all its rows. Other windows take four outputs of a row at a time.
 *
 * Weights are stored as in layout PLAIN, the channel table as conv_swar_channels.c says.
 */
#include "depthwise_direct.h"
#include "swar_channels.h"

#define AT_ONCE 4 /* outputs */

/* Whether the window is one that goes down. */
static bool goes_down(const mg_conv_params_t *p) {
    return p->kernel_h == 3 && p->kernel_w == 3 && p->dilation_h == 1 && p->dilation_w == 1 && p->stride_h <= 2;
}

/* Of a row of the plane, for as many outputs as are computed. */
static uint32_t width_of(const mg_conv_params_t *p) {
    uint32_t outputs = goes_down(p) ? p->out_w : (p->out_w + AT_ONCE - 1u) & ~(AT_ONCE - 1u);
    return mg_reach(outputs, p->stride_w, p->kernel_w, p->dilation_w);
}

static uint32_t rows_of(const mg_conv_params_t *p, uint32_t outputs) {
    return mg_reach(outputs, p->stride_h, p->kernel_h, p->dilation_h);
}

/* A layer of one column is one of one row: its bytes are the same. */
static mg_conv_params_t laid_down(const mg_conv_params_t *p) {
    mg_conv_params_t q = *p;
    if (p->in_w == 1 && p->out_w == 1 && p->kernel_w == 1) {
        q.in_h = q.out_h = q.kernel_h = q.stride_h = q.dilation_h = 1;
        q.in_w = p->in_h, q.out_w = p->out_h, q.kernel_w = p->kernel_h, q.stride_w = p->stride_h;
        q.dilation_w = p->dilation_h, q.pad_left = p->pad_top, q.pad_top = 0;
    }
    q.dilation_h = (uint16_t)mg_step(q.kernel_h, q.dilation_h);
    return q;
}

/* The least: a channel's taps, and the rows of its plane for one row of outputs. */
static uint32_t scratch_size(const mg_conv_params_t *params) {
    const mg_conv_params_t laid = laid_down(params), *p = &laid;
    return mg_plus(mg_times(p->kernel_h, p->kernel_w), mg_times(rows_of(p, 1), width_of(p)));
}

/* For another row of the plane; for all of it. */
static inline uint32_t scratch_step(const mg_conv_params_t *params) {
    const mg_conv_params_t laid = laid_down(params);
    return width_of(&laid);
}

static inline uint32_t scratch_most(const mg_conv_params_t *params) {
    const mg_conv_params_t laid = laid_down(params), *p = &laid;
    return mg_plus(mg_times(p->kernel_h, p->kernel_w), mg_times(rows_of(p, p->out_h), width_of(p)));
}

/* The size of the scratch makes sense for sound shapes only, so those are checked first. */
bool mg_depthwise_swar_channels_check(const mg_check_t *check) {
    const mg_conv_params_t *p = &check->params.conv;
    return mg_check_conv(check, mg_depthwise_weights(p), 0)
           && (mg_is_direct(p)
               || (mg_check_scratch(check, scratch_size(p))
                   && MG_OFFER_SCRATCH(check, scratch_step(p), scratch_most(p))));
}

typedef struct {
    const mg_conv_params_t *p;
    mg_fine_channel_t channel;
    const int8_t *taps; /* one behind the other */
    uint32_t width, line; /* of the plane, of the output */
} plane_t;

/* The rows for outputs i to i + n of a channel, whose first value is *image, into a plane of zero points. */
static void load_plane(const mg_conv_params_t *p, const int8_t *image, uint32_t i, uint32_t n, int8_t *plane) {
    const uint32_t width = width_of(p), step = p->in_c, left = p->pad_left < width ? p->pad_left : width;
    const uint32_t inside = p->in_w < width - left ? p->in_w : width - left, line = p->in_w * step;
    int32_t y = (int32_t)(i * p->stride_h) - p->pad_top, end = y + (int32_t)rows_of(p, n);
    plane += left;
    if (y < 0) {
        plane += (uint32_t)-y * width;
        y = 0;
    }
    image += (uint32_t)y * line;
    for (end = end < p->in_h ? end : p->in_h; y < end; y++, plane += width, image += line) {
        const int8_t *x = image;
        int8_t *to = plane, *last = plane + inside;
        for (; last - to >= 4; to += 4) {
            to[0] = *x;
            x += step;
            to[1] = *x;
            x += step;
            to[2] = *x;
            x += step;
            to[3] = *x;
            x += step;
        }
        for (; to != last; to++, x += step) {
            *to = *x;
        }
    }
}

/* Keeps a compiler from loading ahead, for which there are not registers enough. */
#define HOLD(pointer) __asm__("" : "+r"(pointer))

/* What a row of three values gives with row i of the taps. */
#define ROW(i) ((uint32_t)(x0 * w##i##0) + (uint32_t)(x1 * w##i##1) + (uint32_t)(x2 * w##i##2))
#define LOAD_ROW \
    HOLD(x); \
    const int32_t x0 = x[0], x1 = x[1], x2 = x[2]; \
    x += width
#define STORE(sum) \
    *y = mg_requantize_fine((int32_t)(sum), &channel.fine, above); \
    y += line; \
    if (y == end) { \
        break; \
    }
/* A row under three outputs: the last of one, the middle of the next, the first of a new one. */
#define NEXT_ROW(last, middle, first) \
    { \
        LOAD_ROW; \
        last += ROW(2); \
        middle += ROW(1); \
        first = bias + ROW(0); \
    } \
    STORE(last)

/* n rows of outputs of a 3x3 window, column by column. */
static inline __attribute__((always_inline)) void go_down(const plane_t *plane, const int8_t *top, int8_t *out,
                                                          uint32_t n, uint32_t stride, bool above) {
    const mg_conv_params_t *p = plane->p;
    const mg_fine_channel_t channel = plane->channel;
    const uint32_t bias = (uint32_t)channel.bias, line = plane->line, width = plane->width;
    const int8_t *w = plane->taps;
    const int32_t w00 = w[0], w01 = w[1], w02 = w[2], w10 = w[3], w11 = w[4], w12 = w[5], w20 = w[6], w21 = w[7],
                  w22 = w[8];
    for (uint32_t columns = p->out_w; columns != 0; columns--, top += p->stride_w, out += p->out_c) {
        const int8_t *x = top, *end = out + n * line;
        int8_t *y = out;
        uint32_t a, b, c;
        {
            LOAD_ROW;
            a = bias + ROW(0);
        }
        if (stride == 1) {
            {
                LOAD_ROW;
                a += ROW(1);
                b = bias + ROW(0);
            }
            for (;;) {
                NEXT_ROW(a, b, c);
                NEXT_ROW(b, c, a);
                NEXT_ROW(c, a, b);
            }
        } else {
            for (;;) {
                {
                    LOAD_ROW;
                    a += ROW(1);
                }
                LOAD_ROW;
                a += ROW(2);
                STORE(a);
                a = bias + ROW(0);
            }
        }
    }
}

/* Four sums of any window. */
static inline __attribute__((always_inline)) void sum_windows(const plane_t *plane, const int8_t *x, uint32_t stride,
                                                              uint32_t dilation, uint32_t sums[AT_ONCE]) {
    const mg_conv_params_t *p = plane->p;
    const int32_t line = (int32_t)(plane->width * p->dilation_h) - (int32_t)(p->kernel_w * dilation); /* may be < 0 */
    const int8_t *w = plane->taps;
    uint32_t a = (uint32_t)plane->channel.bias, b = a, c = a, d = a;
    for (uint32_t rows = p->kernel_h; rows != 0; rows--, x += line) {
        for (const int8_t *end = w + p->kernel_w; w != end; x += dilation) {
            const int32_t tap = *w++;
            a += (uint32_t)(tap * x[0]);
            b += (uint32_t)(tap * x[stride]);
            c += (uint32_t)(tap * x[2 * stride]);
            d += (uint32_t)(tap * x[3 * stride]);
        }
    }
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
}

static void go_along(const plane_t *plane, const int8_t *x, int8_t *y) {
    const mg_conv_params_t *p = plane->p;
    for (uint32_t i = 0; i < p->out_w; i += AT_ONCE, x += AT_ONCE * p->stride_w) {
        uint32_t sums[AT_ONCE], n = p->out_w - i < AT_ONCE ? p->out_w - i : AT_ONCE;
        if (p->stride_w == 1 && p->dilation_w == 1) {
            sum_windows(plane, x, 1, 1, sums);
        } else if (p->stride_w == 2 && p->dilation_w == 1) {
            sum_windows(plane, x, 2, 1, sums);
        } else {
            sum_windows(plane, x, p->stride_w, p->dilation_w, sums);
        }
        for (uint32_t j = 0; j < n; j++, y += p->out_c) {
            *y = mg_requantize_fine((int32_t)sums[j], &plane->channel.fine, false);
        }
    }
}

/* n rows of outputs; no outputs lie below the zero point where `above` says so. */
typedef void (*rows_fn)(const plane_t *plane, const int8_t *x, int8_t *y, uint32_t n);

static void down_by_1_above(const plane_t *plane, const int8_t *x, int8_t *y, uint32_t n) {
    go_down(plane, x, y, n, 1, true);
}

static void down_by_1(const plane_t *plane, const int8_t *x, int8_t *y, uint32_t n) {
    go_down(plane, x, y, n, 1, false);
}

static void down_by_2(const plane_t *plane, const int8_t *x, int8_t *y, uint32_t n) {
    go_down(plane, x, y, n, 2, false);
}

static void along(const plane_t *plane, const int8_t *x, int8_t *y, uint32_t n) {
    const uint32_t next = mg_step(plane->p->out_h, plane->p->stride_h) * plane->width;
    for (; n != 0; n--, x += next, y += plane->line) {
        go_along(plane, x, y);
    }
}

void mg_depthwise_swar_channels_run(const mg_call_t *call) {
    if (mg_is_direct(&call->params.conv)) {
        mg_depthwise_direct_fine(call);
        return;
    }
    const mg_conv_params_t laid = laid_down(&call->params.conv), *p = &laid;
    const mg_channels_t channels = mg_channels_of(call);
    const int8_t *weights = (const int8_t *)call->data + p->weights_at, *image = call->in[0];
    int8_t *out = call->out[0], *plane = call->scratch;
    const uint32_t width = width_of(p), n_taps = (uint32_t)p->kernel_h * p->kernel_w, multiplier = p->out_c / p->in_c;
    const uint32_t room = (call->scratch_size - n_taps) / width; /* rows */
    const uint32_t most = (room - rows_of(p, 1)) / p->stride_h + 1, line = (uint32_t)p->out_w * p->out_c;
    int8_t *taps = plane + room * width;
    const rows_fn rows = !goes_down(p)      ? along
                         : p->stride_h == 2 ? down_by_2
                         : channels.above   ? down_by_1_above
                                            : down_by_1;
    memset(plane, p->in_zero_point, room * width); /* what lies around stays where the whole plane has room */
    for (uint32_t n = 0; n < p->batches; n++) {
        for (uint32_t k = 0; k < p->in_c; k++) {
            for (uint32_t i = 0, count; i < p->out_h; i += count) {
                count = p->out_h - i < most ? p->out_h - i : most;
                if (count != p->out_h) {
                    memset(plane, p->in_zero_point, room * width);
                }
                load_plane(p, image + k, i, count, plane);
                for (uint32_t c = k * multiplier; c < (k + 1) * multiplier; c++) {
                    const plane_t one = {p, mg_load_fine_channel(&channels, c), taps, width, line};
                    for (uint32_t t = 0; t < n_taps; t++) {
                        taps[t] = weights[c + t * p->out_c];
                    }
                    rows(&one, plane, out + i * line + c, count);
                }
            }
        }
        image += (uint32_t)p->in_h * p->in_w * p->in_c;
        out += (uint32_t)p->out_h * line;
    }
    mg_clamp_each(&channels, call->out[0], p->batches * p->out_h * line);
}
