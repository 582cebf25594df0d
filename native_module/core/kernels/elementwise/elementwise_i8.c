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

static int32_t add(const mg_binary_params_t *p, int32_t a, int32_t b) {
    int32_t x = mg_requantize((a - p->a_zero_point) * (1 << 20), p->a_multiplier, p->a_shift);
    int32_t y = mg_requantize((b - p->b_zero_point) * (1 << 20), p->b_multiplier, p->b_shift);
    return mg_requantize(mg_wrap_add(x, y), p->out_multiplier, p->out_shift);
}

/* What one step of an operand adds: multiplier * 2^shift * 2^20 * out_multiplier / 2^62, twice; below 2^21. Clears
 * *whole unless that is a multiple of 2^15, which needs no rounding. */
static __attribute__((noinline)) int32_t slope(int32_t multiplier, int32_t shift, int32_t out_multiplier, bool *whole) {
    uint64_t product = mg_wide_product((uint32_t)multiplier, (uint32_t)out_multiplier);
    uint32_t high = (uint32_t)(product >> 32);
    *whole = *whole && shift >= -8 && (uint32_t)product == 0 && high << (8 + shift) == 0;
    return (int32_t)(((high >> (8 - shift)) + 1) >> 1);
}

/* ADD as a line (loops.h). What it is off by: 255 / 2 by the rounding of of_a, as much by that of of_b; 3/2 by the
 * roundings of both terms, 1/2 by the next and 1 by halves that go away from zero, of two units each. Where scales have
 * simple ratios, halves are many and nothing is rounded: then 2^-15 more of both slopes brings every half over, away
 * from zero, and nothing else, and no sum is zero. A line of zeros, for other multipliers, leaves all to exact_sum. */
static mg_line_t line_of(const mg_binary_params_t *p) {
    mg_line_t line = {0, 0, 0, 0, 0};
    if (p->a_shift <= 0 && p->a_shift >= -22 && p->b_shift <= 0 && p->b_shift >= -22 && p->out_shift <= -15
        && p->out_shift >= -21) { /* no sum exceeds 510 * 2^21 + 128 * 2^22 and some */
        bool whole = true;
        line.bits = (uint32_t)(1 - p->out_shift);
        line.of_a = slope(p->a_multiplier, p->a_shift, p->out_multiplier, &whole);
        line.of_b = slope(p->b_multiplier, p->b_shift, p->out_multiplier, &whole);
        line.start = (2 * p->out_zero_point + 1) * (1 << (line.bits - 1)) + (whole ? 0 : MG_NEAR / 2);
        line.far = whole ? -1 : (1 << line.bits) - MG_NEAR;
        line.of_a += whole ? line.of_a >> 15 : 0;
        line.of_b += whole ? line.of_b >> 15 : 0;
        line.start -= p->a_zero_point * line.of_a + p->b_zero_point * line.of_b;
    }
    return line;
}

static int32_t clamped(const mg_binary_params_t *p, int32_t y) {
    return mg_clamp(mg_wrap_add(y, p->out_zero_point), p->act_min, p->act_max);
}

static __attribute__((noinline)) int32_t exact_sum(const void *params, int32_t a, int32_t b) {
    const mg_binary_params_t *p = params;
    return clamped(p, add(p, a, b));
}

/* A row of outputs; the line is ADD's. */
typedef void (*row_fn)(const mg_binary_params_t *p, const mg_line_t *line, const int8_t *a, const int8_t *b,
                       int8_t *out);

static void add_row(const mg_binary_params_t *p, const mg_line_t *line, const int8_t *a, const int8_t *b, int8_t *out) {
    uint32_t n = p->dims[RANK - 1], a_step = p->a_stride[RANK - 1], b_step = p->b_stride[RANK - 1];
    if (a_step == 1 && b_step == 1) {
        mg_add_neighbours(out, a, b, n, line, exact_sum, p);
    } else {
        mg_add_steps(out, a, a_step, b, b_step, n, line, exact_sum, p);
    }
    if (p->act_min != INT8_MIN || p->act_max != INT8_MAX) {
        mg_clamp_bytes(out, n, p->act_min, p->act_max);
    }
}

/* A requantisation that does not scale up, for twice a value below 2^30: without 64-bit arithmetic, where the
 * core has such an instruction, and without a branch. */
static inline int32_t scale_down(int32_t twice, int32_t multiplier, int32_t shift) {
    uint32_t n = (uint32_t)-shift;
    int32_t rounding = n == 0 ? 0 : (1 << n) >> 1, negative = n == 0 ? 0 : -1;
    int32_t high = mg_high_mul_twice(twice, multiplier);
    return (high + ((high >> 31) & negative) + rounding) >> n;
}

static int32_t mul_down(const mg_binary_params_t *p, int32_t a, int32_t b) {
    return scale_down(2 * (a - p->a_zero_point) * (b - p->b_zero_point), p->out_multiplier, p->out_shift);
}

/* Whether a shift is to the right, and 2^30 stays below 2^31 when half of the last bit shifted out is added. */
static bool is_down(int32_t shift) {
    return shift <= 0 && shift >= -29;
}

static int32_t mul(const mg_binary_params_t *p, int32_t a, int32_t b) {
    return mg_requantize((a - p->a_zero_point) * (b - p->b_zero_point), p->out_multiplier, p->out_shift);
}

typedef int32_t (*combine_fn)(const mg_binary_params_t *p, int32_t a, int32_t b);

static inline void combine_row(const mg_binary_params_t *p, const int8_t *a, const int8_t *b, int8_t *out,
                               combine_fn combine) {
    const uint32_t a_step = p->a_stride[RANK - 1], b_step = p->b_stride[RANK - 1];
    for (const int8_t *end = out + p->dims[RANK - 1]; out != end; out++, a += a_step, b += b_step) {
        *out = (int8_t)clamped(p, combine(p, *a, *b));
    }
}

static void mul_row(const mg_binary_params_t *p, const mg_line_t *line, const int8_t *a, const int8_t *b, int8_t *out) {
    (void)line;
    if (is_down(p->out_shift)) {
        combine_row(p, a, b, out, mul_down);
    } else {
        combine_row(p, a, b, out, mul);
    }
}

static void binary(const mg_call_t *call, row_fn row, const mg_line_t *line) {
    const mg_binary_params_t params = call->params.binary, *p = &params; /* a copy that no output can be part of */
    const int8_t *a = call->in[0], *b = call->in[1];
    int8_t *out = call->out[0];
    uint32_t index[RANK] = {0};
    for (;;) {
        row(p, line, a, b, out);
        out += p->dims[RANK - 1];
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
    const mg_line_t line = line_of(&call->params.binary);
    binary(call, add_row, &line);
}

bool mg_mul_check(const mg_check_t *check) {
    return check_binary(check);
}

void mg_mul_run(const mg_call_t *call) {
    binary(call, mul_row, NULL);
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
