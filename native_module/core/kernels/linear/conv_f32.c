/* SPDX-License-Identifier: MIT
 *
 * CONV_2D and DEPTHWISE_CONV_2D in float32, with float32 weights or, hybrid, with int8 ones.
 *
 *     y[n,i,j,c] = clamp(b[c] + sum over p,q,k of w[c,p,q,k] * x[n,i',j',k])
 *     hybrid:      clamp(b[c] + s[n] * s_w[c] * sum of w[c,p,q,k] * (q[n,i',j',k] - z[n]))
 *     i' = i * stride_h - pad_top + p * dilation_h, and j' likewise; x is 0 outside
 *
 * shapes as in conv_i8.c. float32 needs no patch: the part of a kernel row that lies inside is one
 * stretch of the input and one of the weights. Hybrid: each image is first quantised to int8 in the
 * scratch, q = round(x / s) + z, halves away from zero. Symmetric: s = max |x| / 127, z = 0, q from
 * -127; asymmetric: s = (max - min) / 255 over a range widened to hold 0, z the end that rounds better.
 * The integer sum is bounded by 255 * 128 * 65535 < 2^31; sum(w) * z is taken off mod 2^32.
 * Source: LiteRT's reference kernels, float and hybrid.
 */
#include "../../loops/loops.h"
#include "../float32.h"

#define LIMITS 8u /* bytes: the activation's low and high, at the head of a channel table */

bool mg_check_signature_f32(const mg_check_t *check, uint32_t n_inputs) {
    for (uint32_t i = 0; i < check->n_inputs; i++) {
        if (check->tensors[i].place == MG_PLACE_DATA) {
            return MG_REFUSE(check, "a constant where this op wants a tensor of the arena: input", i, UINT32_MAX);
        }
    }
    return mg_check_signature(check, n_inputs, MG_FLOAT32, MG_FLOAT32);
}

static bool check_conv(const mg_check_t *check, bool depthwise, uint32_t weight_size, uint32_t channel_size) {
    const mg_conv_params_t *p = &check->params.conv;
    const uint32_t taps = mg_times4(p->kernel_h, p->kernel_w, depthwise ? 1 : p->in_c, p->out_c);
    if (depthwise && (p->in_c == 0 || p->out_c % p->in_c != 0)) {
        return MG_REFUSE(check, "output channels are no multiple of the input's", p->out_c, p->in_c);
    }
    if (p->layout != 0) {
        return MG_REFUSE(check, "weights packed for another core, convert the model again: layout", p->layout, 0);
    }
    return mg_check_signature_f32(check, 1)
           && mg_check_window(check, p->in_h, p->out_h, p->kernel_h, p->stride_h, p->dilation_h, p->pad_top)
           && mg_check_window(check, p->in_w, p->out_w, p->kernel_w, p->stride_w, p->dilation_w, p->pad_left)
           && mg_check_elements(check, 0, mg_times4(p->batches, p->in_h, p->in_w, p->in_c))
           && mg_check_elements(check, 1, mg_times4(p->batches, p->out_h, p->out_w, p->out_c))
           && mg_check_data(check, p->weights_at, mg_times(weight_size, taps))
           && mg_check_data(check, p->channels_at, mg_plus(LIMITS, mg_times(channel_size, p->out_c)));
}

/* A window over one image: where its first tap lies and which taps lie inside. */
typedef struct {
    const mg_conv_params_t *p;
    const float *image;
    const uint8_t *weights, *bias;
    bool aligned; /* weights and bias are where floats can be */
    bool flat;    /* each pixel of the input is a window */
    int32_t y, x;
    uint32_t top, bottom, left, right;
    uint32_t in_w, out_w; /* of all rows where they are one */
    uint32_t pixels;      /* the next ones have the same taps inside */
    float low, high;
} window_t;

/* Taps [*first, *last) of those that start at `start`, `dilation` apart, lie in [0, in). */
static __attribute__((noinline)) void clip(int32_t start, uint32_t kernel, uint32_t dilation, uint32_t in,
                                           uint32_t *first, uint32_t *last) {
    *first = start < 0 ? ((uint32_t)-start + dilation - 1) / dilation : 0;
    uint32_t inside = ((uint32_t)((int32_t)in - start) + dilation - 1) / dilation;
    *last = inside < kernel ? inside : kernel;
    *last = *last < *first ? *first : *last; /* a dilated window may straddle the input */
}

/* The input under a tap. */
static const float *pixel_at(const window_t *w, uint32_t ky, uint32_t kx) {
    uint32_t y = (uint32_t)(w->y + (int32_t)(ky * w->p->dilation_h));
    uint32_t x = (uint32_t)(w->x + (int32_t)(kx * w->p->dilation_w));
    return w->image + (y * w->in_w + x) * w->p->in_c;
}

/* The products of some neighbouring taps, for all channels of the pixels. */
static void add_run(const window_t *w, const float *x, const uint8_t *weights, uint32_t taps, float *out) {
    const mg_conv_params_t *p = w->p;
    const uint32_t filter = (uint32_t)p->kernel_h * p->kernel_w * p->in_c;
    mg_f32_tile_t tile = {x, (const void *)weights, (uint32_t)p->stride_w * p->in_c, filter, p->out_c, taps};
    uint32_t c = 0;
    for (; w->aligned && c + 4 <= p->out_c; c += 4, tile.w += 4 * filter) {
        mg_dot_f32_tile(out + c, &tile, w->pixels);
    }
    for (weights += 4 * c * filter; c < p->out_c; c++, weights += 4 * filter) {
        for (uint32_t i = 0; i < w->pixels; i++) {
            float *sum = out + i * p->out_c + c;
            *sum = mg_dot_f32(*sum, x + i * tile.x_step, weights, taps);
        }
    }
}

static void conv_pixels(const window_t *w, float *out) {
    const mg_conv_params_t *p = w->p;
    uint32_t taps = p->in_c, n = w->right - w->left; /* n runs of taps, or one run where they touch */
    if (p->dilation_w == 1) {
        taps *= n;
        n = n != 0;
    }
    for (uint32_t ky = w->top; ky < w->bottom; ky++) {
        const uint8_t *row = w->weights + 4 * (ky * p->kernel_w + w->left) * p->in_c;
        for (uint32_t i = 0; i < n; i++, row += 4 * taps) {
            add_run(w, pixel_at(w, ky, w->left + i), row, taps, out);
        }
    }
}

static void depthwise_pixel(const window_t *w, float *out) {
    const mg_conv_params_t *p = w->p;
    uint32_t multiplier = p->out_c / p->in_c, taps = w->right - w->left;
    for (uint32_t ky = w->top; ky < w->bottom && taps != 0; ky++) {
        const uint8_t *row = w->weights + 4 * (ky * p->kernel_w + w->left) * p->out_c;
        uint32_t done = 0;
        if (multiplier == 1 && w->aligned) {
            const uint32_t x_step = (uint32_t)p->dilation_w * p->in_c;
            mg_f32_tile_t tile = {pixel_at(w, ky, w->left), (const void *)row, x_step, p->out_c, 0, taps};
            done = mg_add_products_f32(out, &tile, p->out_c);
        }
        for (uint32_t kx = w->left; kx < w->right && done < p->out_c; kx++, row += 4 * (uint32_t)p->out_c) {
            const float *x = pixel_at(w, ky, kx) + done;
            for (uint32_t c = done, m = 0; c < p->out_c; c++) {
                out[c] += *x * mg_load_f32(row + 4 * c);
                if (++m == multiplier) {
                    m = 0;
                    x++;
                }
            }
        }
    }
}

/* Bias and activation of all channels. */
static void finish(const window_t *w, float *out) {
    const float low = w->low, high = w->high, *end = out + w->p->out_c;
    const uint8_t *bias = w->bias;
    if (w->aligned) {
        const float *b = (const void *)bias;
        const uint32_t done = mg_finish_f32(out, b, w->p->out_c, low, high);
        for (out += done, b += done; out != end; out++) {
            *out = mg_clamp_f32(*out + *b++, low, high);
        }
    }
    for (; out != end; out++, bias += 4) {
        *out = mg_clamp_f32(*out + mg_load_f32(bias), low, high);
    }
}

/* The taps of the pixel in column j, and how many pixels from it on, at most so many, have the same. */
static void look(window_t *w, uint32_t j, uint32_t most) {
    const mg_conv_params_t *p = w->p;
    w->x = (int32_t)(j * p->stride_w) - p->pad_left;
    if (w->flat) {
        w->left = 0;
        w->right = 1;
        w->pixels = w->out_w - j < most ? w->out_w - j : most;
        return;
    }
    clip(w->x, p->kernel_w, p->dilation_w, w->in_w, &w->left, &w->right);
    for (w->pixels = 1; w->pixels < most && j + w->pixels < w->out_w; w->pixels++) {
        uint32_t left, right;
        clip(w->x + (int32_t)(w->pixels * p->stride_w), p->kernel_w, p->dilation_w, w->in_w, &left, &right);
        if (left != w->left || right != w->right) {
            break;
        }
    }
}

static void walk(const mg_call_t *call, void (*sum)(const window_t *, float *), uint32_t most) {
    const mg_conv_params_t *p = &call->params.conv;
    const uint8_t *table = call->data + p->channels_at;
    float *out = call->out[0];
    window_t w = {.p = p,
                  .image = call->in[0],
                  .weights = call->data + p->weights_at,
                  .bias = table + LIMITS,
                  .low = mg_load_f32(table),
                  .high = mg_load_f32(table + 4)};
    w.flat = mg_is_pointwise(p) && p->stride_h == 1 && p->stride_w == 1 && p->out_h == p->in_h
             && p->out_w == p->in_w; /* and so without padding */
    const int32_t rows = w.flat ? 1 : p->out_h;
    w.in_w = w.flat ? (uint32_t)p->in_h * p->in_w : p->in_w;
    w.out_w = w.flat ? w.in_w : p->out_w;
    w.aligned = mg_is_aligned(w.weights, 4) && mg_is_aligned(w.bias, 4);
    for (uint32_t n = 0; n < p->batches; n++) {
        for (int32_t i = 0; i < rows; i++) {
            w.y = i * p->stride_h - p->pad_top;
            clip(w.y, p->kernel_h, p->dilation_h, p->in_h, &w.top, &w.bottom);
            for (uint32_t j = 0; j < w.out_w; j += w.pixels) {
                look(&w, j, most);
                memset(out, 0, 4 * w.pixels * p->out_c);
                sum(&w, out);
                for (uint32_t k = 0; k < w.pixels; k++, out += p->out_c) {
                    finish(&w, out);
                }
            }
        }
        w.image += (uint32_t)p->in_h * p->in_w * p->in_c;
    }
}

bool mg_conv2d_f32_check(const mg_check_t *check) {
    return check_conv(check, false, 4, 4);
}

void mg_conv2d_f32_run(const mg_call_t *call) {
    walk(call, conv_pixels, MG_F32_TILE);
}

bool mg_depthwise_f32_check(const mg_check_t *check) {
    return check_conv(check, true, 4, 4);
}

void mg_depthwise_f32_run(const mg_call_t *call) {
    walk(call, depthwise_pixel, 1);
}

/* How an image has been quantised: x = scale * (q - zero_point). */
typedef struct {
    float scale;
    int32_t zero_point;
} units_t;

/* round(x) in [low, 127], halves away from zero; NaN gives low. */
static int32_t round_byte(float x, int32_t low) {
    if (!(x > (float)low)) {
        return low;
    }
    if (x > 127.0f) {
        return 127;
    }
    int32_t whole = (int32_t)x;
    float rest = x - (float)whole;
    return whole + (rest >= 0.5f ? 1 : rest <= -0.5f ? -1 : 0);
}

static units_t quantize_image(const float *x, uint32_t n, int8_t *q, bool asymmetric) {
    float min = 0.0f, max = 0.0f;
    for (uint32_t i = 0; i < n; i++) {
        min = x[i] < min ? x[i] : min;
        max = x[i] > max ? x[i] : max;
    }
    units_t units = {1.0f, 0};
    if (min == max) { /* both are 0 */
        memset(q, 0, n);
        return units;
    }
    int32_t lowest = -127;
    float range = -min > max ? -min : max;
    float steps = 127.0f / range;
    units.scale = range / 127.0f;
    if (asymmetric) {
        lowest = -128;
        units.scale = (max - min) / 255.0f;
        float below = min / units.scale, above = max / units.scale;
        units.zero_point = round_byte(128.0f - below < 127.0f + above ? -128.0f - below : 127.0f - above, -128);
        steps = 1.0f / units.scale;
    }
    for (uint32_t i = 0; i < n; i++) {
        q[i] = (int8_t)round_byte((float)units.zero_point + x[i] * steps, lowest);
    }
    return units;
}

static bool check_hybrid(const mg_check_t *check, bool depthwise) {
    const mg_conv_params_t *p = &check->params.conv;
    const uint32_t taps = mg_taps_of(p), image = mg_times4(p->in_h, p->in_w, p->in_c, 1);
    if (taps > UINT16_MAX) {
        return MG_REFUSE(check, "a kernel of too many taps", UINT32_MAX, UINT16_MAX);
    }
    return mg_check_scratch(check, mg_plus(image, taps)) && check_conv(check, depthwise, 1, 12);
}

/* sum over the patch of q * w for output channel c */
typedef int32_t (*dot_fn)(const mg_conv_params_t *p, const int8_t *patch, const int8_t *weights, uint32_t c);

static int32_t conv_dot(const mg_conv_params_t *p, const int8_t *patch, const int8_t *weights, uint32_t c) {
    uint32_t k = (uint32_t)p->kernel_h * p->kernel_w * p->in_c;
    return mg_dot(patch, weights + c * k, k);
}

static int32_t depthwise_dot(const mg_conv_params_t *p, const int8_t *patch, const int8_t *weights, uint32_t c) {
    const int8_t *x = patch + c / (p->out_c / p->in_c), *w = weights + c;
    int32_t sum = 0;
    for (uint32_t t = 0; t < (uint32_t)p->kernel_h * p->kernel_w; t++, x += p->in_c, w += p->out_c) {
        sum += *x * *w;
    }
    return sum;
}

/* The table: low, high, b float[out_c], s_w float[out_c], sum(w) int32[out_c]. */
static void hybrid(const mg_call_t *call, dot_fn dot) {
    mg_conv_params_t p = call->params.conv;
    const uint8_t *table = call->data + p.channels_at;
    float low = mg_load_f32(table), high = mg_load_f32(table + 4);
    const float *x = call->in[0];
    float *out = call->out[0];
    uint32_t size = (uint32_t)p.in_h * p.in_w * p.in_c;
    int8_t *image = call->scratch, *patch = image + size;
    bool asymmetric = p.in_zero_point != 0;
    for (uint32_t n = 0; n < p.batches; n++, x += size) {
        units_t units = quantize_image(x, size, image, asymmetric);
        p.in_zero_point = (int8_t)units.zero_point;
        for (uint32_t i = 0; i < (uint32_t)p.out_h * p.out_w; i++) {
            mg_gather_patch(&p, image, (int32_t)(i / p.out_w), (int32_t)(i % p.out_w), patch);
            const uint8_t *channel = table + LIMITS;
            for (uint32_t c = 0; c < p.out_c; c++, channel += 4) {
                uint32_t sum = (uint32_t)dot(&p, patch, (const int8_t *)call->data + p.weights_at, c);
                sum -= mg_load_u32(channel + 8u * p.out_c) * (uint32_t)units.zero_point;
                float scale = units.scale * mg_load_f32(channel + 4u * p.out_c);
                *out++ = mg_clamp_f32(mg_load_f32(channel) + (float)(int32_t)sum * scale, low, high);
            }
        }
    }
}

bool mg_conv2d_hybrid_check(const mg_check_t *check) {
    return check_hybrid(check, false);
}

void mg_conv2d_hybrid_run(const mg_call_t *call) {
    hybrid(call, conv_dot);
}

bool mg_depthwise_hybrid_check(const mg_check_t *check) {
    return check_hybrid(check, true);
}

void mg_depthwise_hybrid_run(const mg_call_t *call) {
    hybrid(call, depthwise_dot);
}
