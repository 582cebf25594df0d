/* SPDX-License-Identifier: MIT
 *
 * What the float32 kernels share. Sums are taken in float32, in an order of their own: they agree with
 * the reference's within rounding (relative 1e-6 of the sum of the magnitudes).
 */
#ifndef MG_FLOAT_H
#define MG_FLOAT_H

#include "../arithmetic/float_math.h"
#include "kernels.h"

/* The node has so many inputs and one output, all float32; the inputs are in the arena, where they
 * are aligned. */
MG_CHECKED bool mg_check_signature_f32(const mg_check_t *check, uint32_t n_inputs);

/* NaN stays NaN. */
static inline float mg_clamp_f32(float x, float low, float high) {
    return x < low ? low : x > high ? high : x;
}

#endif
