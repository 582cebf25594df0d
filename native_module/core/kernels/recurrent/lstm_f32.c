/* SPDX-License-Identifier: MIT
 *
 * LSTM_F32: the recurrent part of a long short-term memory layer over a whole sequence, float32.
 *
 *     g = a[t] + R h          a[t] = W x[t] + b, which a CONV_2D_F32 has worked out for all steps
 *     c = clip(s(g_f) * c + s(g_i) * tanh(g_c))        h = s(g_o) * tanh(c)        y[t] = h
 *
 * s is the logistic function. a [rows][4][units], gates in the order i, f, c, o; y [rows][units]; h and
 * c [batches][units] are states. The scratch holds one step's gates.
 * Source: Hochreiter and Schmidhuber (1997), Gers et al. (2000); TFLite's UNIDIRECTIONAL_SEQUENCE_LSTM.
 */
#include "../../simd/simd.h"
#include "../float32.h"

bool mg_lstm_f32_check(const mg_check_t *check) {
    const mg_lstm_f32_params_t *p = &check->params.lstm_f32;
    const uint32_t units = p->units, rows = mg_times(p->batches, p->steps);
    if (check->n_inputs != 1 || check->n_outputs != 3) {
        return MG_REFUSE(check, "wrong number of tensors", (uint32_t)check->n_inputs + check->n_outputs, 4);
    }
    if (check->tensors[0].place == MG_PLACE_DATA) {
        return MG_REFUSE(check, "a constant where this op wants a tensor of the arena: input", 0, UINT32_MAX);
    }
    for (uint32_t i = 0; i < 4; i++) {
        if (check->tensors[i].dtype != MG_FLOAT32) {
            return MG_REFUSE(check, "a tensor of the wrong dtype", check->tensors[i].dtype, MG_FLOAT32);
        }
    }
    return mg_check_scratch(check, 16 * units) /* the gates */
           && mg_check_elements(check, 0, mg_times4(4, rows, units, 1))
           && mg_check_elements(check, 1, mg_times(rows, units))
           && mg_check_elements(check, 2, mg_times(p->batches, units))
           && mg_check_elements(check, 3, mg_times(p->batches, units))
           && mg_check_data(check, p->recurrent_at, mg_times4(16, units, units, 1));
}

static void step(const mg_lstm_f32_params_t *p, const float *a, const uint8_t *recurrent, float *gates, float *h,
                 float *c) {
    uint32_t units = p->units;
    for (uint32_t i = 0; i < 4 * units; i++) {
        gates[i] = a[i] + mg_dot_f32(0, h, recurrent + 4 * i * units, units);
    }
    for (uint32_t u = 0; u < units; u++) {
        float in = mg_logistic(gates[u]), forget = mg_logistic(gates[units + u]);
        float cell = forget * c[u] + in * mg_tanh(gates[2 * units + u]);
        c[u] = mg_clamp_f32(cell, -p->clip, p->clip);
        h[u] = mg_logistic(gates[3 * units + u]) * mg_tanh(c[u]);
    }
}

void mg_lstm_f32_run(const mg_call_t *call) {
    const mg_lstm_f32_params_t *p = &call->params.lstm_f32;
    for (uint32_t b = 0; b < p->batches; b++) {
        float *h = (float *)call->out[1] + b * p->units, *c = (float *)call->out[2] + b * p->units;
        for (uint32_t t = 0; t < p->steps; t++) {
            uint32_t row = p->time_major ? t * p->batches + b : b * p->steps + t;
            const float *a = (const float *)call->in[0] + 4 * row * p->units;
            step(p, a, call->data + p->recurrent_at, call->scratch, h, c);
            memcpy((float *)call->out[0] + row * p->units, h, 4 * (uint32_t)p->units);
        }
    }
}
