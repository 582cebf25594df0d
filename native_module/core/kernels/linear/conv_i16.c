/* SPDX-License-Identifier: MIT
 *
 * CONV_2D_I16: every weighted sum of int16 activations and int8 weights.
 *
 *     y[n,i,j,c] = clamp(zp_out + m[c] * (b[c] + sum over p,q,k of w[c,p,q,k] * x[n,i',j',g(c),k]))
 *     i' = (i * stride_h - pad_top + p * dilation_h) / up_h, and j' likewise
 *
 * over the taps whose i' and j' are whole numbers inside of x [N,H,W,Cin]; the channels of x and y
 * fall into `groups`, g(c) is the one of c and k runs over its Cin / groups inputs. groups = 1 is a
 * convolution, groups = Cin a depthwise one; up > 1 is a transposed one; a 1x1 kernel over rows a
 * fully connected layer; all weights 1, shared by the channels, a mean.
 *
 * x is symmetric (zero point 0; any other is folded into b). The sum is exact in 64 bits: at most
 * 2^22 a tap. With wide = 0 it is taken modulo 2^32, as TFLM does where the biases are int32.
 * Rounding: arithmetic/wide.h or arithmetic/requantize.h. Source: TFLite quantisation specification, 16x8, and TFLM's
 * kernels for CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED and TRANSPOSE_CONV.
 */
#include "../../simd/simd.h"
#include "../../arithmetic/wide.h"
#include "../kernels.h"

int64_t mg_sum_wide(const int16_t *x, const int8_t *w, uint32_t k) {
    return mg_dot16(x, w, k);
}

int32_t mg_requantize_call(int32_t x, int32_t multiplier, int32_t shift) {
    return mg_requantize(x, multiplier, shift);
}

int32_t mg_requantize_i64(int64_t x, int32_t multiplier, int32_t shift) {
    uint32_t m = multiplier < 0x7fff0000 ? ((uint32_t)multiplier + (1 << 15)) >> 16 : 0x7fff;
    uint64_t y = (uint64_t)x * m + (1ull << (14 - shift)); /* wraps where the reference would */
    return (int32_t)((int64_t)y >> (15 - shift));
}

static bool check_channels(const mg_check_t *check, uint32_t offset, uint32_t n, bool wide) {
    if (!mg_check_data(check, offset, mg_times(13, n))) {
        return false;
    }
    const uint8_t *table = check->data + offset + 8 * n;
    for (uint32_t c = 0; c < n; c++) {
        int32_t shift = (int8_t)table[4 * n + c];
        if (!mg_check_multiplier(check, mg_load_i32(table + 4 * c), shift)) {
            return false;
        }
        if (wide && shift > 14) {
            return MG_REFUSE(check, "a shift out of range", (uint32_t)shift, 14);
        }
    }
    return true;
}

/* No index of a window overflows an int32. Taps outside are skipped one by one. */
static bool check_window_i16(const mg_check_t *check, uint32_t in, uint32_t out, uint32_t kernel, uint32_t stride,
                             uint32_t dilation, uint32_t up) {
    if (in == 0 || out == 0 || kernel == 0 || up == 0) {
        return MG_REFUSE(check, "a zero in a window's shape: kernel", kernel, 1);
    }
    return mg_plus(mg_times(out - 1, stride), mg_times(kernel - 1, dilation)) <= MG_MOST / 2
           || MG_REFUSE(check, "a window is outside its input: positions", out, in);
}

bool mg_conv_i16_check(const mg_check_t *check) {
    const mg_conv_i16_params_t *p = &check->params.conv_i16;
    const uint32_t taps = mg_times(p->kernel_h, p->kernel_w), patch = mg_times(taps, p->in_c);
    if (p->groups == 0 || p->in_c == 0 || p->in_c % p->groups != 0 || p->out_c % p->groups != 0 || p->out_c == 0) {
        return MG_REFUSE(check, "channels that do not divide into groups", p->groups, 1);
    }
    if (!mg_check_signature(check, 1, MG_INT16, MG_INT16)
        || !check_window_i16(check, p->in_h, p->out_h, p->kernel_h, p->stride_h, p->dilation_h, p->up_h)
        || !check_window_i16(check, p->in_w, p->out_w, p->kernel_w, p->stride_w, p->dilation_w, p->up_w)
        || !mg_check_elements(check, 0, mg_times4(p->batches, p->in_h, p->in_w, p->in_c))
        || !mg_check_elements(check, 1, mg_times4(p->batches, p->out_h, p->out_w, p->out_c))
        || !mg_check_data(check, p->weights_at, mg_times4(taps, p->in_c / p->groups, p->shared ? 1 : p->out_c, 1))
        || !check_channels(check, p->channels_at, p->out_c, p->wide)) {
        return false;
    }
    if (patch > MG_MOST / 4) {
        return MG_REFUSE(check, "a kernel of too many taps", UINT32_MAX, MG_MOST / 4);
    }
    return mg_check_scratch(check, 2 * taps * p->in_c + taps);
}

/* Where a tap reads along one axis, or -1 where it reads nothing. */
static int32_t source_of(int32_t at, uint32_t up, uint32_t in) {
    if (at < 0 || (uint32_t)at % up != 0 || (uint32_t)at / up >= in) {
        return -1;
    }
    return (int32_t)((uint32_t)at / up);
}

/* patch [groups][kernel_h][kernel_w][in_c / groups], so that each channel's taps lie in a row; used
 * [kernel_h][kernel_w], whether a tap reads anything. */
static void gather(const mg_conv_i16_params_t *p, const uint8_t *image, uint32_t y, uint32_t x, int16_t *patch,
                   uint8_t *used) {
    uint32_t depth = (uint32_t)p->in_c / p->groups, run = (uint32_t)p->kernel_h * p->kernel_w * depth;
    int32_t at_y = (int32_t)(y * p->stride_h) - p->pad_top;
    for (uint32_t ky = 0; ky < p->kernel_h; ky++, at_y += p->dilation_h) {
        int32_t iy = source_of(at_y, p->up_h, p->in_h);
        int32_t at_x = (int32_t)(x * p->stride_w) - p->pad_left;
        for (uint32_t kx = 0; kx < p->kernel_w; kx++, at_x += p->dilation_w, patch += depth) {
            int32_t ix = source_of(at_x, p->up_w, p->in_w);
            bool inside = iy >= 0 && ix >= 0;
            *used++ = inside;
            const uint8_t *pixel = inside ? image + 2 * ((uint32_t)(iy * p->in_w + ix) * p->in_c) : NULL;
            for (uint32_t g = 0; g < p->groups; g++) {
                if (depth == 1) { /* depthwise: no call for each channel */
                    patch[g * run] = (int16_t)(inside ? mg_load_i16(pixel + 2 * g) : 0);
                } else if (inside) {
                    memcpy(patch + g * run, pixel + 2 * g * depth, 2 * depth);
                } else {
                    memset(patch + g * run, 0, 2 * depth);
                }
            }
        }
    }
}

/* A transposed convolution's sum: most taps of a patch fall between the inputs and are left out. */
static int64_t sparse_sum(const int16_t *patch, const int8_t *weights, uint32_t depth, const uint8_t *used,
                          uint32_t taps) {
    int64_t sum = 0;
    for (uint32_t t = 0; t < taps; t++, patch += depth, weights += depth) {
        if (used[t]) {
            sum += mg_sum_wide(patch, weights, depth);
        }
    }
    return sum;
}

static void pixel_of(const mg_conv_i16_params_t *p, const int16_t *patch, const uint8_t *used, const uint8_t *data,
                     int16_t *out) {
    const uint8_t *table = data + p->channels_at;
    const int8_t *weights = (const int8_t *)data + p->weights_at;
    uint32_t n = p->out_c, a_group = n / p->groups, depth = (uint32_t)p->in_c / p->groups;
    uint32_t taps = (uint32_t)p->kernel_h * p->kernel_w, k = taps * depth;
    bool sparse = p->up_h > 1 || p->up_w > 1;
    for (uint32_t c = 0, in_group = 0; c < n; c++) {
        int64_t products = sparse ? sparse_sum(patch, weights, depth, used, taps) : mg_sum_wide(patch, weights, k);
        uint64_t sum = (uint64_t)products + (uint64_t)mg_load_i64(table + 8 * c);
        int32_t multiplier = mg_load_i32(table + 8 * n + 4 * c), shift = (int8_t)table[12 * n + c];
        int32_t v = p->wide ? mg_requantize_i64((int64_t)sum, multiplier, shift)
                            : mg_requantize_call((int32_t)(uint32_t)sum, multiplier, shift);
        out[c] = (int16_t)mg_clamp(mg_wrap_add(v, p->out_zero_point), p->act_min, p->act_max);
        weights += p->shared ? 0 : k;
        if (++in_group == a_group) {
            in_group = 0;
            patch += k;
        }
    }
}

void mg_conv_i16_run(const mg_call_t *call) {
    const mg_conv_i16_params_t *p = &call->params.conv_i16;
    const uint8_t *image = call->in[0];
    int16_t *out = call->out[0];
    uint32_t taps = (uint32_t)p->kernel_h * p->kernel_w;
    uint8_t *used = (uint8_t *)call->scratch + 2 * taps * p->in_c;
    for (uint32_t n = 0; n < p->batches; n++, image += 2 * ((uint32_t)p->in_h * p->in_w * p->in_c)) {
        for (uint32_t y = 0; y < p->out_h; y++) {
            for (uint32_t x = 0; x < p->out_w; x++, out += p->out_c) {
                gather(p, image, y, x, call->scratch, used);
                pixel_of(p, call->scratch, used, call->data, out);
            }
        }
    }
}
