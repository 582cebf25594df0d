/* SPDX-License-Identifier: MIT
 *
 * Requantising four sums in a vector.
 */
#ifndef MG_MVE_REQUANTIZE_H
#define MG_MVE_REQUANTIZE_H

/* Bias and two roundings of four sums. VQRDMULH is the first; the second, VRSHL, rounds halves up: taking 1 off
 * where the value is negative makes it round them away from zero. ABOVE is for layers of which no output is below the
 * zero point. */
#define BIAS(sums, bias) "vadd.i32 " sums ", " sums ", " bias "\n"
#define FIRST(sums, multiplier) "vqrdmulh.s32 " sums ", " sums ", " multiplier "\n"
#define ABOVE(sums, shift, free) "vrshl.s32 " sums ", " sums ", " shift "\n"
#define ANY(sums, shift, free) \
    "vshr.s32 " free ", " sums ", #31\n" \
    "vadd.i32 " sums ", " sums ", " free "\n" \
    ABOVE(sums, shift, free)

#endif
