/* SPDX-License-Identifier: MIT
 *
 * Requantising in registers: mg_requantize_twice of simd.h, and the lines of loops.h.
 */
#ifndef MG_ARMV7EM_REQUANTIZE_H
#define MG_ARMV7EM_REQUANTIZE_H

/* acc: twice a sum; m, r: multiplier, rounding; t is overwritten. */
#define ANY(acc, m, r, t) \
    "add " t ", " r ", " acc ", asr #31\n" \
    "smmlar " acc ", " acc ", " m ", " t "\n"

/* s: shift. */
#define SATURATE(acc, s) \
    "asr " acc ", " acc ", " s "\n" \
    "ssat " acc ", #8, " acc "\n"

#define REQUANTIZE(acc, m, r, s, t) ANY(acc, m, r, t) SATURATE(acc, s)

/* acc: a sum; shift: a number. */
#define LINE(acc, m, r, shift) \
    "smmla " acc ", " acc ", " m ", " r "\n" \
    "ssat " acc ", #8, " acc ", asr #" MG_TEXT(shift) "\n"

#endif
