/* SPDX-License-Identifier: MIT
 *
 * What assembly for Xtensa shares.
 */
#ifndef MG_MAC16_H
#define MG_MAC16_H

/* A function of the windowed ABI, in a section of its own: arguments from a2 on. `frame` bytes are below its caller's
 * stack, of which it may use all but the last 32. */
#define MG_FUNCTION(name) MG_STACKED(name, "32")
#define MG_STACKED(name, frame) \
    ".section .text." name ", \"ax\"\n" \
    ".align 4\n" \
    ".global " name "\n" \
    ".type " name ", @function\n" name ":\n" \
    "entry a1, " frame "\n"

/* The upper half of a product, MULSH r, s, t, by the numbers of the registers: assemblers that were made for another
 * core do not know it (Xtensa ISA Reference Manual, 8.3). */
#define MG_MULSH(r, s, t) ".byte " t " * 16, " r " * 16 + " s ", 0xb2\n"

#endif
