/* SPDX-License-Identifier: MIT
 *
 * LSTM: a whole sequence through one long short-term memory layer, int8 or int16 activations.
 *
 *     gate(g) = act_g(m_g * (b_g + sum W_g x) + n_g * (d_g + sum R_g h))      for g = f, i, c, o
 *     s = clip(f * s + i * c)        h = o * tanh(s)        y[t] = h
 *
 * x [batches, steps, inputs] (steps first where time_major), h [batches, units] and s [batches,
 * units] are state: int8 or int16, and int16. The two sums of a gate are requantised one by one to
 * Q3.12, saturated to int16 and added with saturation; act is the table's sigmoid or tanh (arithmetic/wide.h),
 * in Q0.15. f * s and i * c are requantised and saturated before they are added. Zero points of x
 * and h are folded into b and d. int8 sums are taken modulo 2^32, of at most 2^16 terms of 2^14.
 * Source: TFLM's UNIDIRECTIONAL_SEQUENCE_LSTM for the order of roundings; Hochreiter and Schmidhuber
 * (1997), Gers et al. (2000).
 */
#include "../../loops/lstm.h"
#include "../kernels.h"

enum { FORGET, INPUT, CELL, OUTPUT };

static bool check_gate(const mg_check_t *check, int32_t multiplier, int32_t shift) {
    if (shift > 14) {
        return MG_REFUSE(check, "a shift out of range", (uint32_t)shift, 14);
    }
    return mg_check_multiplier(check, multiplier, shift);
}

bool mg_lstm_check(const mg_check_t *check) {
    const mg_lstm_params_t *p = &check->params.lstm;
    const uint32_t units = p->units, activations = p->wide ? MG_INT16 : MG_INT8;
    if (check->n_inputs != 1 || check->n_outputs != 3 || p->wide > 1 || units == 0 || p->inputs == 0) {
        return MG_REFUSE(check, "wrong number of tensors", (uint32_t)check->n_inputs + check->n_outputs, 4);
    }
    if (check->tensors[0].place == MG_PLACE_DATA) { /* int16 ones may lie at an odd address */
        return MG_REFUSE(check, "a constant input", 0, 0);
    }
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t wanted = i == 3 ? MG_INT16 : activations;
        if (check->tensors[i].dtype != wanted) {
            return MG_REFUSE(check, "a tensor of the wrong dtype", check->tensors[i].dtype, wanted);
        }
        if (!check_gate(check, p->in_multiplier[i], p->in_shift[i])
            || !check_gate(check, p->hidden_multiplier[i], p->hidden_shift[i])) {
            return false;
        }
    }
    if (p->tanh_multiplier < 0 || p->tanh_multiplier > INT16_MAX || p->tanh_shift < 0 || p->tanh_shift > 31
        || p->clip < 0) {
        return MG_REFUSE(check, "a multiplier or shift out of range: multiplier", (uint32_t)p->tanh_multiplier, 0);
    }
    const uint32_t gate = mg_times(units, 2 * (p->wide ? 8u : 4u) + p->inputs + units);
    return mg_check_scratch(check, 8 * units) /* the gates */
           && mg_check_multiplier(check, p->forget_multiplier, p->forget_shift)
           && mg_check_multiplier(check, p->cell_multiplier, p->cell_shift)
           && mg_check_multiplier(check, p->out_multiplier, p->out_shift)
           && mg_check_elements(check, 0, mg_times4(p->batches, p->steps, p->inputs, 1))
           && mg_check_elements(check, 1, mg_times4(p->batches, p->steps, units, 1))
           && mg_check_elements(check, 2, mg_times(p->batches, units))
           && mg_check_elements(check, 3, mg_times(p->batches, units)) && mg_check_data(check, p->table_at, 512)
           && mg_check_data(check, p->gates_at, mg_times(4, gate));
}

/* One of a gate's two sums, in Q3.12, of int16 values. */
static int32_t half_gate(const int16_t *x, const int8_t *weights, uint32_t k, const uint8_t *bias, mg_rescaling_t by) {
    uint64_t sum = (uint64_t)mg_sum_wide(x, weights, k) + (uint64_t)mg_load_i64(bias);
    return mg_saturate_i16(mg_requantize_i64((int64_t)sum, by.multiplier, by.shift));
}

/* The same sums of n <= 4 units of int8 values, as they are. Biases mostly lie where words can be loaded. */
static inline __attribute__((always_inline)) void sum_units(int32_t sums[4], const int8_t *x, const int8_t *weights,
                                                            uint32_t k, const uint8_t *bias, uint32_t n) {
    if (n == 4 && ((uintptr_t)bias & 3u) == 0) {
        mg_dot4(sums, x, weights, k);
#pragma GCC unroll 4
        for (uint32_t i = 0; i < 4; i++) {
            sums[i] = mg_wrap_add(sums[i], (int32_t)mg_load_word(bias + 4 * i));
        }
        return;
    }
    for (uint32_t i = 0; i < 4; i++) {
        sums[i] = i < n ? mg_wrap_add(mg_dot(x, weights + i * k, k), mg_load_i32(bias + 4 * i)) : 0;
    }
}

static const uint8_t *run_gate(const mg_call_t *call, uint32_t g, const uint8_t *at, const void *x, const void *h,
                               int16_t *gate) {
    const mg_lstm_params_t *p = &call->params.lstm;
    const uint32_t n = p->units, k = p->inputs, word = p->wide ? 8 : 4;
    const uint8_t *bias = at + n * word;
    const int8_t *weights = (const int8_t *)bias + n * word, *recurrent = weights + n * k;
    const mg_rescaling_t of_x = {p->in_multiplier[g], p->in_shift[g]};
    const mg_rescaling_t of_h = {p->hidden_multiplier[g], p->hidden_shift[g]};
    if (p->wide) {
        for (uint32_t u = 0; u < n; u++) {
            gate[u] = (int16_t)mg_saturate_i16(half_gate(x, weights + u * k, k, at + u * word, of_x)
                                               + half_gate(h, recurrent + u * n, n, bias + u * word, of_h));
        }
    } else {
        const mg_ready_t by_x = mg_make_ready(of_x), by_h = mg_make_ready(of_h);
        for (uint32_t u = 0; u < n; u += 4) {
            const uint32_t count = n - u < 4 ? n - u : 4;
            int32_t from_x[4], from_h[4];
            sum_units(from_x, x, weights + u * k, k, at + u * word, count);
            sum_units(from_h, h, recurrent + u * n, n, bias + u * word, count);
            mg_add_halves(gate + u, from_x, from_h, &by_x, &by_h, count);
        }
    }
    mg_activate(gate, n, call->data + p->table_at, g == CELL && p->cell_gate_tanh);
    return (const uint8_t *)(recurrent + n * n);
}

/* One step of one batch: h and s are that batch's state. */
static void step(const mg_call_t *call, const void *x, uint8_t *h, int16_t *s) {
    const mg_lstm_params_t *p = &call->params.lstm;
    const uint32_t n = p->units;
    int16_t *gates = call->scratch;
    const uint8_t *at = call->data + p->gates_at;
    for (uint32_t g = 0; g < 4; g++) {
        at = run_gate(call, g, at, x, h, gates + g * n);
    }
    const mg_cell_t cell = {
        .table = call->data + p->table_at,
        .forget = gates + FORGET * n,
        .input = gates + INPUT * n,
        .candidate = gates + CELL * n,
        .output = gates + OUTPUT * n,
        .s = s,
        .next = p->wide ? (int16_t *)(void *)h : gates, /* over a gate, which its unit is done with */
        .of_kept = {p->forget_multiplier, p->forget_shift},
        .of_added = {p->cell_multiplier, p->cell_shift},
        .of_output = {p->out_multiplier, p->out_shift},
        .tanh_multiplier = p->tanh_multiplier,
        .clip = p->clip,
        .zero_point = p->out_zero_point,
        .low = p->wide ? INT16_MIN : INT8_MIN,
        .high = p->wide ? INT16_MAX : INT8_MAX,
        .tanh_shift = (uint32_t)p->tanh_shift,
    };
    mg_keep_and_add(&cell, n);
    for (uint32_t u = 0; !p->wide && u < n; u++) {
        ((int8_t *)h)[u] = (int8_t)gates[u];
    }
}

void mg_lstm_run(const mg_call_t *call) {
    const mg_lstm_params_t *p = &call->params.lstm;
    uint32_t size = p->wide ? 2 : 1, x_size = p->inputs * size, h_size = p->units * size;
    for (uint32_t b = 0; b < p->batches; b++) {
        uint8_t *h = (uint8_t *)call->out[1] + b * h_size;
        int16_t *s = (int16_t *)call->out[2] + b * p->units;
        for (uint32_t t = 0; t < p->steps; t++) {
            uint32_t at = p->time_major ? t * p->batches + b : b * p->steps + t;
            step(call, (const uint8_t *)call->in[0] + at * x_size, h, s);
            memcpy((uint8_t *)call->out[0] + at * h_size, h, h_size);
        }
    }
}
