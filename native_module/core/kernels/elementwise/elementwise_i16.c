/* SPDX-License-Identifier: MIT
 *
 * Element by element on 16-bit values: ADD, SUB and MUL with broadcasting, the sigmoid and tanh,
 * and RESCALE from any quantised dtype to any other.
 *
 *     ADD, SUB: y = clamp(zp_y + m_y * (m_a * ((a - zp_a) << 15) +- m_b * ((b - zp_b) << 15)))
 *     MUL:      y = clamp(zp_y + m_y * ((a - zp_a) * (b - zp_b)))
 *     SIGMOID:  y = sigmoid(x) or tanh(x) in Q0.15, interpolated in a table of 256 (arithmetic/wide.h)
 *     RESCALE:  y = clamp(zp_y + m * (x - zp_x)), with another m where x < zp_x
 *
 * each m a requantisation (arithmetic/requantize.h); m_a, m_b <= 1, so that no sum exceeds 2^31 (a difference
 * of int16 has 17 bits). Products with zero points wrap, as they do in TFLM. RESCALE is QUANTIZE,
 * RELU and LEAKY_RELU. Source: TFLite's quantisation specification; TFLM's kernels.
 */
#include "../../arithmetic/wide.h"
#include "../values.h"

#define RANK 5

static bool check_binary_i16(const mg_check_t *check) {
    const mg_binary_i16_params_t *p = &check->params.binary_i16;
    if (!mg_check_signature(check, 2, MG_INT16, MG_INT16) || !mg_check_multiplier(check, p->a_multiplier, p->a_shift)
        || !mg_check_multiplier(check, p->b_multiplier, p->b_shift)
        || !mg_check_multiplier(check, p->out_multiplier, p->out_shift)) {
        return false;
    }
    return mg_check_operand(check, 0, p->dims, p->a_stride) && mg_check_operand(check, 1, p->dims, p->b_stride);
}

typedef int32_t (*combine_fn)(const mg_binary_i16_params_t *p, int32_t a, int32_t b);

static int32_t scaled(int32_t difference, int32_t multiplier, int32_t shift) {
    return mg_requantize_call((int32_t)((uint32_t)difference << 15), multiplier, shift);
}

static int32_t add(const mg_binary_i16_params_t *p, int32_t a, int32_t b) {
    return mg_requantize_call(
        mg_wrap_add(scaled(a, p->a_multiplier, p->a_shift), scaled(b, p->b_multiplier, p->b_shift)), p->out_multiplier,
        p->out_shift);
}

static int32_t sub(const mg_binary_i16_params_t *p, int32_t a, int32_t b) {
    uint32_t x = (uint32_t)scaled(a, p->a_multiplier, p->a_shift);
    return mg_requantize_call((int32_t)(x - (uint32_t)scaled(b, p->b_multiplier, p->b_shift)), p->out_multiplier,
                              p->out_shift);
}

static int32_t mul(const mg_binary_i16_params_t *p, int32_t a, int32_t b) {
    return mg_requantize_call((int32_t)((uint32_t)a * (uint32_t)b), p->out_multiplier, p->out_shift);
}

/* A constant operand may lie at an odd address. */
static void binary_i16(const mg_call_t *call, combine_fn combine) {
    const mg_binary_i16_params_t *p = &call->params.binary_i16;
    const uint8_t *a = call->in[0], *b = call->in[1];
    int16_t *out = call->out[0];
    uint32_t index[RANK] = {0};
    for (;;) {
        int32_t y = combine(p, mg_load_i16(a) - p->a_zero_point, mg_load_i16(b) - p->b_zero_point);
        *out++ = (int16_t)mg_clamp(mg_wrap_add(y, p->out_zero_point), p->act_min, p->act_max);
        int32_t d = RANK - 1; /* on to the next element: an odometer over the dimensions */
        while (d >= 0 && ++index[d] == p->dims[d]) {
            index[d] = 0;
            a -= 2 * (p->dims[d] - 1) * p->a_stride[d];
            b -= 2 * (p->dims[d] - 1) * p->b_stride[d];
            d--;
        }
        if (d < 0) {
            return;
        }
        a += 2 * p->a_stride[d];
        b += 2 * p->b_stride[d];
    }
}

bool mg_add_i16_check(const mg_check_t *check) {
    return check_binary_i16(check);
}

void mg_add_i16_run(const mg_call_t *call) {
    binary_i16(call, add);
}

bool mg_sub_i16_check(const mg_check_t *check) {
    return check_binary_i16(check);
}

void mg_sub_i16_run(const mg_call_t *call) {
    binary_i16(call, sub);
}

bool mg_mul_i16_check(const mg_check_t *check) {
    return check_binary_i16(check);
}

void mg_mul_i16_run(const mg_call_t *call) {
    binary_i16(call, mul);
}

int32_t mg_sigmoid_i16(const uint8_t *table, int32_t x, int32_t multiplier, uint32_t shift, bool tanh) {
    return mg_sigmoid_inline(table, x, multiplier, shift, tanh);
}

bool mg_sigmoid_i16_check(const mg_check_t *check) {
    const mg_sigmoid_i16_params_t *p = &check->params.sigmoid_i16;
    if (!mg_check_signature(check, 1, MG_INT16, MG_INT16) || !mg_check_elements(check, 0, p->count)
        || !mg_check_elements(check, 1, p->count) || !mg_check_data(check, p->table_at, 512)) {
        return false;
    }
    return (p->multiplier >= 0 && p->multiplier <= INT16_MAX && p->shift <= 31)
           || MG_REFUSE(check, "a multiplier or shift out of range: multiplier", (uint32_t)p->multiplier, 0);
}

void mg_sigmoid_i16_run(const mg_call_t *call) {
    const mg_sigmoid_i16_params_t *p = &call->params.sigmoid_i16;
    const uint8_t *x = call->in[0];
    int16_t *out = call->out[0];
    for (uint32_t i = 0; i < p->count; i++, x += 2) {
        out[i] = (int16_t)mg_saturate_i16(
            mg_sigmoid_i16(call->data + p->table_at, mg_load_i16(x), p->multiplier, p->shift, p->tanh != 0));
    }
}

bool mg_rescale_check(const mg_check_t *check) {
    const mg_rescale_params_t *p = &check->params.rescale;
    if (p->in_dtype == MG_FLOAT32 || p->out_dtype == MG_FLOAT32 || !mg_is_value(p->in_dtype)
        || !mg_is_value(p->out_dtype)) {
        return MG_REFUSE(check, "a rescaling of values that are not int8, uint8, int16 or int32: dtype", p->out_dtype,
                         MG_INT16);
    }
    return mg_check_signature(check, 1, p->in_dtype, p->out_dtype) && mg_check_elements(check, 0, p->count)
           && mg_check_elements(check, 1, p->count) && mg_check_multiplier(check, p->multiplier, p->shift)
           && mg_check_multiplier(check, p->below_multiplier, p->below_shift);
}

void mg_rescale_run(const mg_call_t *call) {
    const mg_rescale_params_t *p = &call->params.rescale;
    const uint8_t *x = call->in[0];
    uint8_t *out = call->out[0];
    uint32_t in_size = mg_dtype_size(p->in_dtype), out_size = mg_dtype_size(p->out_dtype);
    for (uint32_t i = 0; i < p->count; i++, x += in_size, out += out_size) {
        int32_t d = mg_wrap_add(mg_load_value(x, p->in_dtype), (int32_t)(0u - (uint32_t)p->in_zero_point));
        int32_t y = d < 0 ? mg_requantize_call(d, p->below_multiplier, p->below_shift)
                          : mg_requantize_call(d, p->multiplier, p->shift);
        y = mg_clamp(mg_wrap_add(y, p->out_zero_point), p->act_min, p->act_max);
        mg_store_value(out, p->out_dtype, y);
    }
}

static bool check_affine_any(const mg_check_t *check, uint32_t in_dtype, uint32_t out_dtype) {
    const mg_affine_any_params_t *p = &check->params.affine_any;
    if (!(p->scale > 0.0f && p->scale <= 3.0e38f) || p->dtype == MG_FLOAT32) {
        return MG_REFUSE(check, "the scale is no positive number", 0, 1);
    }
    return mg_check_signature(check, 1, in_dtype, out_dtype) && mg_check_elements(check, 0, p->count)
           && mg_check_elements(check, 1, p->count);
}

static mg_tensor_t tensor_of(const mg_affine_any_params_t *p) {
    mg_tensor_t tensor = {.dtype = (uint8_t)p->dtype, .scale = p->scale, .zero_point = p->zero_point};
    return tensor;
}

bool mg_quantize_any_check(const mg_check_t *check) {
    return check_affine_any(check, MG_FLOAT32, check->params.affine_any.dtype);
}

void mg_quantize_any_run(const mg_call_t *call) {
    const mg_affine_any_params_t *p = &call->params.affine_any;
    const mg_tensor_t tensor = tensor_of(p);
    mg_quantizer_t by;
    mg_quantizer(&by, &tensor);
    mg_write_reals(&by, call->out[0], 0, call->in[0], p->count);
}

bool mg_dequantize_any_check(const mg_check_t *check) {
    return check_affine_any(check, check->params.affine_any.dtype, MG_FLOAT32);
}

void mg_dequantize_any_run(const mg_call_t *call) {
    const mg_affine_any_params_t *p = &call->params.affine_any;
    const mg_tensor_t tensor = tensor_of(p);
    const uint8_t *x = call->in[0];
    uint32_t size = mg_dtype_size(p->dtype);
    float *out = call->out[0];
    for (uint32_t i = 0; i < p->count; i++, x += size) {
        uint64_t value = 0; /* of any dtype, and aligned: a constant may lie at an odd address */
        memcpy(&value, x, size);
        out[i] = mg_read_real(&tensor, &value, 0);
    }
}
