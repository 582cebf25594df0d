/* SPDX-License-Identifier: MIT
 *
 * The vector vocabulary that kernels are written in; one header per instruction set gives the same
 * functions, and this is the only place that asks which core it is.
 *
 *   mg_dot(x, w, k)               sum over i < k of x[i] * w[i]                       (int8, int32)
 *   mg_dot4(sums, x, w, k)        the same for four rows of w that lie k apart
 *
 *   mg_dot16(x, w, k)             the first with x of int16 and a sum of 64 bits
 *
 * MG_SIMD_SCALAR forces the plain C version, for tests.
 */
#ifndef MG_SIMD_H
#define MG_SIMD_H

#include <stdint.h>

#if defined(__ARM_FEATURE_DSP) && defined(__ARM_FEATURE_SIMD32) && !defined(MG_SIMD_SCALAR)
#include "armv7em.h"
#else
#include "scalar.h"
#endif

#endif
