/* SPDX-License-Identifier: MIT
 *
 * ADD and MUL of two int8 tensors with broadcasting, and LUT, any function of one byte.
 *
 *     ADD:  y = clamp(zp_y + m_y * (m_a * ((a - zp_a) << 20) + m_b * ((b - zp_b) << 20)))
 *     MUL:  y = clamp(zp_y + m_y * ((a - zp_a) * (b - zp_b)))
 *     LUT:  y = table[x], x and y the raw bytes of int8 or uint8
 *
 * each m a requantisation (arithmetic/requantize.h); m_a, m_b <= 1, so that no sum exceeds 2^30. The host
 * computes LUT's table bit for bit as TFLM computes the function: logistic, tanh, relu, ...
 * Source: TFLite 8-bit quantisation specification, ADD and MUL; TFLM's kernels for the constants.
 */
#include "../../loops/loops.h"
#include "../kernels.h"

#define RANK 5

static bool check_binary(const mg_check_t *check) {
    const mg_binary_params_t *p = &check->params.binary;
    if (!mg_check_signature(check, 2, MG_INT8, MG_INT8) || !mg_check_multiplier(check, p->a_multiplier, p->a_shift)
        || !mg_check_multiplier(check, p->b_multiplier, p->b_shift)
        || !mg_check_multiplier(check, p->out_multiplier, p->out_shift)) {
        return false;
    }
    return mg_check_operand(check, 0, p->dims, p->a_stride) && mg_check_operand(check, 1, p->dims, p->b_stride);
}

typedef int32_t (*combine_fn)(const mg_binary_params_t *p, int32_t a, int32_t b);

static int32_t add(const mg_binary_params_t *p, int32_t a, int32_t b) {
    int32_t x = mg_requantize((a - p->a_zero_point) * (1 << 20), p->a_multiplier, p->a_shift);
    int32_t y = mg_requantize((b - p->b_zero_point) * (1 << 20), p->b_multiplier, p->b_shift);
    return mg_requantize(mg_wrap_add(x, y), p->out_multiplier, p->out_shift);
}

static int32_t mul(const mg_binary_params_t *p, int32_t a, int32_t b) {
    return mg_requantize((a - p->a_zero_point) * (b - p->b_zero_point), p->out_multiplier, p->out_shift);
}

/* Rows of neighbours, as far as loops.h has something faster for them. */
static uint32_t add_row(const mg_binary_params_t *p, const int8_t *a, const int8_t *b, int8_t *out) {
    const mg_scaling_t scale[3] = {{p->a_zero_point, p->a_multiplier, p->a_shift},
                                   {p->b_zero_point, p->b_multiplier, p->b_shift},
                                   {p->out_zero_point, p->out_multiplier, p->out_shift}};
    const mg_range_t range = {p->out_zero_point, p->act_min, p->act_max};
    bool neighbours = p->a_stride[RANK - 1] == 1 && p->b_stride[RANK - 1] == 1;
    return neighbours ? mg_add_scaled(out, a, b, p->dims[RANK - 1], scale, &range) : 0;
}

static uint32_t no_row(const mg_binary_params_t *p, const int8_t *a, const int8_t *b, int8_t *out) {
    (void)p, (void)a, (void)b, (void)out;
    return 0;
}

typedef uint32_t (*row_fn)(const mg_binary_params_t *p, const int8_t *a, const int8_t *b, int8_t *out);

/* A requantisation that does not scale up, for twice a value below 2^30: without 64-bit arithmetic, where the
 * core has such an instruction, and without a branch. */
static inline int32_t scale_down(int32_t twice, int32_t multiplier, int32_t shift) {
    uint32_t n = (uint32_t)-shift;
    int32_t rounding = n == 0 ? 0 : (1 << n) >> 1, negative = n == 0 ? 0 : -1;
    int32_t high = mg_high_mul_twice(twice, multiplier);
    return (high + ((high >> 31) & negative) + rounding) >> n;
}

static int32_t add_down(const mg_binary_params_t *p, int32_t a, int32_t b) {
    int32_t x = scale_down((a - p->a_zero_point) * (1 << 21), p->a_multiplier, p->a_shift);
    int32_t y = scale_down((b - p->b_zero_point) * (1 << 21), p->b_multiplier, p->b_shift);
    return scale_down((x + y) * 2, p->out_multiplier, p->out_shift);
}

static int32_t mul_down(const mg_binary_params_t *p, int32_t a, int32_t b) {
    return scale_down(2 * (a - p->a_zero_point) * (b - p->b_zero_point), p->out_multiplier, p->out_shift);
}

/* Whether a shift is to the right, and 2^30 stays below 2^31 when half of the last bit shifted out is added. */
static bool is_down(int32_t shift) {
    return shift <= 0 && shift >= -29;
}

static inline void binary(const mg_call_t *call, combine_fn combine, row_fn row) {
    const mg_binary_params_t params = call->params.binary, *p = &params; /* a copy that no output can be part of */
    const int8_t *a = call->in[0], *b = call->in[1];
    int8_t *out = call->out[0];
    uint32_t index[RANK] = {0};
    uint32_t a_step = p->a_stride[RANK - 1], b_step = p->b_stride[RANK - 1];
    for (;;) {
        uint32_t i = row(p, a, b, out);
        const int8_t *ai = a + i * a_step, *bi = b + i * b_step;
        out += i;
        for (; i < p->dims[RANK - 1]; i++, ai += a_step, bi += b_step) {
            int32_t y = mg_wrap_add(combine(p, *ai, *bi), p->out_zero_point);
            *out++ = (int8_t)mg_clamp(y, p->act_min, p->act_max);
        }
        int32_t d = RANK - 2; /* on to the next row: an odometer over the outer dimensions */
        while (d >= 0 && ++index[d] == p->dims[d]) {
            index[d] = 0;
            a -= (p->dims[d] - 1) * p->a_stride[d];
            b -= (p->dims[d] - 1) * p->b_stride[d];
            d--;
        }
        if (d < 0) {
            return;
        }
        a += p->a_stride[d];
        b += p->b_stride[d];
    }
}

bool mg_add_check(const mg_check_t *check) {
    return check_binary(check);
}

void mg_add_run(const mg_call_t *call) {
    const mg_binary_params_t *p = &call->params.binary;
    if (is_down(p->a_shift) && is_down(p->b_shift) && is_down(p->out_shift)) {
        binary(call, add_down, add_row);
    } else {
        binary(call, add, add_row);
    }
}

bool mg_mul_check(const mg_check_t *check) {
    return check_binary(check);
}

void mg_mul_run(const mg_call_t *call) {
    if (is_down(call->params.binary.out_shift)) {
        binary(call, mul_down, no_row);
    } else {
        binary(call, mul, no_row);
    }
}

bool mg_lut_check(const mg_check_t *check) {
    const mg_lut_params_t *p = &check->params.lut;
    uint32_t in = check->tensors[0].dtype, out = check->tensors[1].dtype;
    if (!mg_check_signature(check, 1, in, out)) {
        return false;
    }
    if (mg_dtype_size(in) != 1 || mg_dtype_size(out) != 1) {
        return MG_REFUSE(check, "a table for wider values than bytes: dtype", in, MG_INT8);
    }
    return mg_check_elements(check, 0, p->count) && mg_check_elements(check, 1, p->count)
           && mg_check_data(check, p->table_at, 256);
}

void mg_lut_run(const mg_call_t *call) {
    const mg_lut_params_t *p = &call->params.lut;
    mg_lookup(call->out[0], call->in[0], call->data + p->table_at, p->count);
}
