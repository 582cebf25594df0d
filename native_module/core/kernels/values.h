/* SPDX-License-Identifier: MIT
 *
 * Single values of any dtype of at most 32 bits as an int32, for the ops that are not worth a loop a
 * dtype. A float32 becomes an int32 in the same order: its bits, the magnitude's inverted for negative
 * ones, both zeros equal; NaN is not handled.
 */
#ifndef MG_VALUES_H
#define MG_VALUES_H

#include "kernels.h"

static inline int32_t mg_load_value(const uint8_t *p, uint32_t dtype) {
    switch (dtype) {
        case MG_INT8: return (int8_t)*p;
        case MG_UINT8:
        case MG_BOOL: return *p;
        case MG_INT16: return (int16_t)mg_load_u16(p);
        case MG_FLOAT32: {
            int32_t bits = mg_load_i32(p);
            return bits >= 0 ? bits : bits == INT32_MIN ? 0 : (int32_t)((uint32_t)bits ^ 0x7fffffffu);
        }
        default: return mg_load_i32(p);
    }
}

static inline void mg_store_value(uint8_t *p, uint32_t dtype, int32_t value) {
    switch (mg_dtype_size(dtype)) {
        case 1: *p = (uint8_t)value; break;
        case 2: memcpy(p, &value, 2); break;
        default:
            if (dtype == MG_FLOAT32 && value < 0) {
                value = (int32_t)((uint32_t)value ^ 0x7fffffffu);
            }
            memcpy(p, &value, 4);
            break;
    }
}

/* The dtypes that these two can hold. */
static inline bool mg_is_value(uint32_t dtype) {
    return dtype == MG_INT8 || dtype == MG_UINT8 || dtype == MG_BOOL || dtype == MG_INT16 || dtype == MG_INT32
           || dtype == MG_FLOAT32;
}

#endif
