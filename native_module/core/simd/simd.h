/* SPDX-License-Identifier: MIT
 *
 * The vector vocabulary that kernels are written in; one header per instruction set gives the same
 * functions, and this is the only place that asks which core it is.
 *
 *   mg_dot(x, w, k)               sum over i < k of x[i] * w[i]                       (int8, int32)
 *   mg_dot4(sums, x, w, k)        the same for four rows of w that lie k apart
 *   mg_dot_f32(x, w, k)           sum over i < k of x[i] * w[i]; w lies at any address (float32)
 *
 * MG_SIMD_SCALAR forces the plain C version, for tests.
 */
#ifndef MG_SIMD_H
#define MG_SIMD_H

#include <stdint.h>

#include "../bytes.h"

/* Four partial sums: short chains of dependent additions, and less rounding. No core of ours has
 * vectors of floats that plain C does not reach, so there is one version. */
static inline float mg_dot_f32(const float *x, const uint8_t *w, uint32_t k) {
    float s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (; k >= 4; k -= 4, x += 4, w += 16) {
        s0 += x[0] * mg_load_f32(w);
        s1 += x[1] * mg_load_f32(w + 4);
        s2 += x[2] * mg_load_f32(w + 8);
        s3 += x[3] * mg_load_f32(w + 12);
    }
    for (; k > 0; k--, x++, w += 4) {
        s0 += *x * mg_load_f32(w);
    }
    return (s0 + s1) + (s2 + s3);
}

#if defined(__ARM_FEATURE_DSP) && defined(__ARM_FEATURE_SIMD32) && !defined(MG_SIMD_SCALAR)
#include "armv7em.h"
#else
#include "scalar.h"
#endif

#endif
