/* SPDX-License-Identifier: MIT
 *
 * Requantising in registers (mg_requantize_twice of simd.h).
 */
#ifndef MG_ARMV7EM_REQUANTIZE_H
#define MG_ARMV7EM_REQUANTIZE_H

/* acc: twice a sum; m, r: multiplier, rounding; t is overwritten. ABOVE is for layers of which no output
 * is below the zero point, ANY for all. */
#define ANY(acc, m, r, t) \
    "add " t ", " r ", " acc ", asr #31\n" \
    "smmlar " acc ", " acc ", " m ", " t "\n"
#define ABOVE(acc, m, r, t) "smmlar " acc ", " acc ", " m ", " r "\n"

/* s: shift. */
#define SATURATE(acc, s) \
    "asr " acc ", " acc ", " s "\n" \
    "ssat " acc ", #8, " acc "\n"

#define REQUANTIZE(scale, acc, m, r, s, t) scale(acc, m, r, t) SATURATE(acc, s)

#endif
