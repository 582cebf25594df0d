/* SPDX-License-Identifier: MIT
 *
 * STANDARDIZE: features, each in a unit of its own, to values of one scale, int16 [count] to int8 or int16 [count].
 *
 *     y[i] = clamp((x[i] * factor[i] + offset[i]) >> shift[i])
 *
 * with int16 factors and shifts of at most 31; so factor * 2^-shift is what a unit of the feature is worth, to 15 bits,
 * and offset holds what is subtracted and the half that rounds. The sum wraps at 32 bits, of which the product takes 31.
 */
#include "../kernels.h"

bool mg_standardize_check(const mg_check_t *check) {
    const mg_standardize_params_t *p = &check->params.standardize;
    uint32_t dtype = check->tensors[1].dtype == MG_INT8 ? MG_INT8 : MG_INT16;
    if (!mg_check_signature(check, 1, MG_INT16, dtype) || !mg_check_elements(check, 0, p->count)
        || !mg_check_elements(check, 1, p->count) || !mg_check_data(check, p->table_at, mg_times(7, p->count))) {
        return false;
    }
    const uint8_t *shifts = check->data + p->table_at + 6 * p->count;
    for (uint32_t i = 0; i < p->count; i++) {
        if (shifts[i] > 31) {
            return MG_REFUSE(check, "an impossible shift of a feature: bits", shifts[i], 31);
        }
    }
    return true;
}

void mg_standardize_run(const mg_call_t *call) {
    const mg_standardize_params_t *p = &call->params.standardize;
    const uint8_t *offset = call->data + p->table_at, *factor = offset + 4 * p->count, *shift = factor + 2 * p->count;
    const int16_t *x = call->in[0];
    bool wide = call->out_size == 2 * p->count;
    int32_t least = wide ? INT16_MIN : INT8_MIN;
    for (uint32_t i = 0; i < p->count; i++, offset += 4, factor += 2) {
        int32_t y = mg_wrap_add(x[i] * mg_load_i16(factor), mg_load_i32(offset)) >> shift[i];
        y = mg_clamp(y, least, ~least);
        if (wide) {
            ((int16_t *)call->out[0])[i] = (int16_t)y;
        } else {
            ((int8_t *)call->out[0])[i] = (int8_t)y;
        }
    }
}
