/* SPDX-License-Identifier: MIT
 *
 * SOFTMAX over the last axis, int16 to int16 with scale 2^-15.
 *
 *     y[r,c] = exp(beta * s * (x[r,c] - max)) / sum over j of exp(beta * s * (x[r,j] - max))
 *
 * The difference is brought to 65535ths of 10 and looked up in a table of exp from -10 to 0, the
 * sum's reciprocal in one of 1 / (1 + x) from 0 to 1; both hold 513 values in Q0.15 and are
 * interpolated. The sum is Q16.15: no overflow for depth < 2^16.
 * Source: TFLM's int16 softmax kernel for the constants and the order of roundings.
 */
#include "../../arithmetic/wide.h"
#include "../kernels.h"

#define ENTRIES 513u
/* Less than any sum, for the maximum itself adds nearly 2^15: it keeps strange tables harmless. */
#define LEAST_SUM (1 << 13)

bool mg_softmax_i16_check(const mg_check_t *check) {
    const mg_softmax_i16_params_t *p = &check->params.softmax_i16;
    if (p->depth == 0 || p->depth > UINT16_MAX) {
        return MG_REFUSE(check, "softmax of too many classes", p->depth, UINT16_MAX);
    }
    return mg_check_signature(check, 1, MG_INT16, MG_INT16) && mg_check_elements(check, 0, mg_times(p->rows, p->depth))
           && mg_check_elements(check, 1, mg_times(p->rows, p->depth))
           && mg_check_data(check, p->tables_at, 4 * ENTRIES) && mg_check_multiplier(check, p->multiplier, p->shift);
}

/* The table's value at x of [-2^15, 2^15), interpolated between every 128th. */
static int32_t look_up(const uint8_t *table, int32_t x) {
    x = mg_saturate_i16(x);
    const uint8_t *at = table + 2 * (uint32_t)(256 + (x >> 7));
    int32_t base = mg_load_i16(at);
    return (int16_t)(base + (((int16_t)(mg_load_i16(at + 2) - base) * (x & 127) + 64) >> 7));
}

static void softmax_row(const mg_softmax_i16_params_t *p, const uint8_t *x, int16_t *out, const uint8_t *tables) {
    int32_t max = INT16_MIN;
    for (uint32_t c = 0; c < p->depth; c++) {
        int32_t v = mg_load_i16(x + 2 * c);
        max = v > max ? v : max;
    }
    int32_t sum = 0;
    for (uint32_t c = 0; c < p->depth; c++) {
        int32_t scaled = mg_requantize_call(mg_load_i16(x + 2 * c) - max, p->multiplier, p->shift);
        out[c] = (int16_t)look_up(tables, mg_wrap_add(scaled, INT16_MAX));
        sum += out[c];
    }
    sum = sum < LEAST_SUM ? LEAST_SUM : sum;
    uint32_t shift = 0; /* to bring the sum, with its highest bit, to 2^30 */
    while ((sum << shift) < 1 << 30) {
        shift++;
    }
    int32_t one_and_rest = (int32_t)((((uint32_t)sum << shift) + (1 << 13)) >> 14);
    int32_t reciprocal = look_up(tables + 2 * ENTRIES, one_and_rest - (1 << 15) - (1 << 16));
    uint32_t back = 30 - shift;
    for (uint32_t c = 0; c < p->depth; c++) {
        int32_t y = (int32_t)(((int64_t)out[c] * reciprocal + (1 << (back - 1))) >> back);
        out[c] = (int16_t)mg_clamp(y, 0, INT16_MAX);
    }
}

void mg_softmax_i16_run(const mg_call_t *call) {
    const mg_softmax_i16_params_t *p = &call->params.softmax_i16;
    const uint8_t *x = call->in[0];
    int16_t *out = call->out[0];
    for (uint32_t r = 0; r < p->rows; r++, x += 2 * p->depth, out += p->depth) {
        softmax_row(p, x, out, call->data + p->tables_at);
    }
}
