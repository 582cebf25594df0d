/* SPDX-License-Identifier: MIT
 *
 * What an LSTM does with the sums of its units (kernels/recurrent/lstm_i8.c), in plain C and in vectors. Gates are int16:
 * Q3.12 before their activation and Q0.15 after it.
 *
 *   mg_make_ready(rescaling)      the same as a mg_ready_t, which is what mg_add_halves takes
 *   mg_add_halves(gate, a, b, &of_a, &of_b, n)
 *                                 gate[i] = sat(sat(requantised a[i]) + sat(requantised b[i])), n <= 4 of four
 *   mg_activate(gate, n, table, tanh)
 *                                 gate[i] = the sigmoid or tanh of it (arithmetic/wide.h)
 *   mg_keep_and_add(cell, n)      s = clip(sat(f * s) + sat(i * c)), which also becomes `next` = o * tanh(s) + zero_point
 */
#ifndef MG_LSTM_H
#define MG_LSTM_H

#include "../arithmetic/wide.h"
#include "../simd/simd.h"

/* arithmetic/requantize.h */
typedef struct {
    int32_t multiplier, shift;
} mg_rescaling_t;

/* The states of n units and their gates. */
typedef struct {
    const uint8_t *table; /* as arithmetic/wide.h has it */
    const int16_t *forget, *input, *candidate, *output;
    int16_t *s;
    int16_t *next; /* saturated to low and high */
    mg_rescaling_t of_kept, of_added, of_output;
    int32_t tanh_multiplier, clip, zero_point, low, high; /* clip: 0 for none */
    uint32_t tanh_shift;
} mg_cell_t;

#ifdef MG_ISA_MVE
#include "mve/lstm.h"
#else
#include "generic/lstm.h"
#endif

#endif
