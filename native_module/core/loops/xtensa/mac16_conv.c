/* SPDX-License-Identifier: MIT
 *
 * Loops of layout `mac16` for Xtensa with register windows, MAC16, LOOP and MULSH. A product is one instruction, which
 * may also load a word that a later one needs; where it loads the register that it reads, it reads the old word. QEMU
 * 7.2 may read an old word for a new one, too, in a block that has read a register before it is loaded: so a loop's
 * body reads each register and then loads it, or loads it and then reads it.
 */
#include "../assembly.h"
#include "../loops.h"

#ifdef MG_ISA_MAC16

#include "mac16.h"

/*     do {
 *         sum = bias + products of the taps
 *         *y = requantised sum
 *         y += y_step
 *     } while (--n != 0)
 *
 * a2 x, a3 w, a4 fours, a5 pixels left, a6 y, a7 y_step, a8 bias, a9 multiplier, a10 rounding, a11 max, a12 min,
 * a13 w as it moves, a14, a15 a sum; m0, m1 pairs of values, m2, m3 of weights. x stays where the next pixel begins. */
MG_ASSERT_AT(mg_mac16_pixels_t, x, 0);
MG_ASSERT_AT(mg_mac16_pixels_t, w, 4);
MG_ASSERT_AT(mg_mac16_pixels_t, fours, 8);
MG_ASSERT_AT(mg_mac16_pixels_t, n, 12);
MG_ASSERT_AT(mg_mac16_pixels_t, y, 16);
MG_ASSERT_AT(mg_mac16_pixels_t, y_step, 20);
MG_ASSERT_AT(mg_mac16_pixels_t, bias, 24);
MG_ASSERT_AT(mg_mac16_pixels_t, fine.multiplier, 28);
MG_ASSERT_AT(mg_mac16_pixels_t, fine.rounding, 32);
MG_ASSERT_AT(mg_mac16_pixels_t, fine.shift, 36);
MG_ASSERT_AT(mg_mac16_pixels_t, min, 40);
MG_ASSERT_AT(mg_mac16_pixels_t, max, 44);
__asm__(MG_FUNCTION("mg_mac16_pixels")
        "l32i a14, a2, 36\n"
        "l32i a3, a2, 4\n"
        "ssr a14\n"
        "l32i a4, a2, 8\n"
        "l32i a5, a2, 12\n"
        "l32i a6, a2, 16\n"
        "l32i a7, a2, 20\n"
        "l32i a8, a2, 24\n"
        "l32i a9, a2, 28\n"
        "l32i a10, a2, 32\n"
        "l32i a12, a2, 40\n"
        "l32i a11, a2, 44\n"
        "l32i a2, a2, 0\n"
        "addi a3, a3, -4\n"
        "addi a2, a2, -4\n"
        "ldinc m0, a2\n"
        "1:\n"
        "wsr a8, acclo\n"
        "mov a13, a3\n"
        "ldinc m2, a13\n"
        "loop a4, 2f\n"
        "mula.dd.ll.ldinc m1, a2, m0, m2\n"
        "mula.dd.hh.ldinc m3, a13, m0, m2\n"
        "mula.dd.ll.ldinc m0, a2, m1, m3\n"
        "mula.dd.hh.ldinc m2, a13, m1, m3\n"
        "2:\n"
        "rsr a14, acclo\n"
        "slli a15, a14, 2\n"
        "srai a14, a14, 31\n"
        MG_MULSH("15", "15", "9")
        "addx2 a15, a14, a15\n"
        "add a15, a15, a10\n"
        "sra a15, a15\n"
        "max a15, a15, a12\n"
        "min a15, a15, a11\n"
        "s8i a15, a6, 0\n"
        "addi a5, a5, -1\n"
        "add a6, a6, a7\n"
        "bnez a5, 1b\n"
        "retw\n");

/*     do {
 *         sum = (what the row begins with + products of its taps) / 256 + bias + offset
 *         *y++ = requantised sum
 *     } while (--n != 0)
 *
 * a2 job, a3 w, a4 fours, a5 table, a6 y, a7 offset, a8 mask, a9 the end of y, a10 x as it moves, a11 x,
 * a12 to a15 what passes; m0, m1 the pairs of four values, m2 four weights, a12 the lower bytes of theirs. */
MG_ASSERT_AT(mg_mac16_channels_t, x, 0);
MG_ASSERT_AT(mg_mac16_channels_t, w, 4);
MG_ASSERT_AT(mg_mac16_channels_t, fours, 8);
MG_ASSERT_AT(mg_mac16_channels_t, n, 12);
MG_ASSERT_AT(mg_mac16_channels_t, table, 16);
MG_ASSERT_AT(mg_mac16_channels_t, y, 20);
MG_ASSERT_AT(mg_mac16_channels_t, offset, 24);
MG_ASSERT_AT(mg_mac16_channels_t, min, 28);
MG_ASSERT_AT(mg_mac16_channels_t, max, 32);
__asm__(MG_FUNCTION("mg_mac16_channels")
        "movi a8, 0xff\n"
        "slli a12, a8, 16\n"
        "or a8, a8, a12\n"
        "l32i a11, a2, 0\n"
        "l32i a3, a2, 4\n"
        "l32i a4, a2, 8\n"
        "l32i a9, a2, 12\n"
        "l32i a5, a2, 16\n"
        "l32i a6, a2, 20\n"
        "l32i a7, a2, 24\n"
        "addi a11, a11, -4\n"
        "add a9, a9, a6\n"
        "1:\n"
        "l32i a12, a3, 0\n"
        "mov a10, a11\n"
        "wsr a12, acclo\n"
        "srai a12, a12, 31\n"
        "wsr a12, acchi\n"
        "ldinc m0, a10\n"
        "ldinc m2, a3\n"
        "loop a4, 2f\n"
        "rsr a12, m2\n"
        "mula.dd.ll.ldinc m1, a10, m0, m2\n"
        "mula.dd.hh.ldinc m2, a3, m0, m2\n"
        "and a12, a12, a8\n"
        "mula.da.ll.ldinc m0, a10, m1, a12\n"
        "mula.da.hh m1, a12\n"
        "2:\n"
        "rsr a12, acclo\n"
        "rsr a13, acchi\n"
        "ssai 8\n"
        "l32i a14, a5, 0\n"
        "src a12, a13, a12\n"
        "l32i a13, a5, 4\n"
        "add a12, a12, a14\n"
        "add a12, a12, a7\n"
        "l32i a14, a5, 12\n"
        "slli a15, a12, 2\n"
        MG_MULSH("15", "15", "13")
        "ssr a14\n"
        "l32i a14, a5, 8\n"
        "srai a12, a12, 31\n"
        "addx2 a15, a12, a15\n"
        "l32i a13, a2, 28\n"
        "add a15, a15, a14\n"
        "sra a15, a15\n"
        "l32i a14, a2, 32\n"
        "max a15, a15, a13\n"
        "min a15, a15, a14\n"
        "s8i a15, a6, 0\n"
        "addi a6, a6, 1\n"
        "addi a5, a5, 16\n"
        "bne a6, a9, 1b\n"
        "retw\n");

/* a2 to, a3 from, a4 fours, a5 what takes the sign off four bytes, a6 mask, a7 0x7f80 and a8 0x8000 twice, which take
 * 128 off both halves; a9, a10 what passes. */
__asm__(MG_FUNCTION("mg_mac16_widen")
        "movi a8, 0x80\n"
        "xor a5, a5, a8\n"
        "slli a6, a5, 8\n"
        "or a5, a5, a6\n"
        "slli a6, a5, 16\n"
        "or a5, a5, a6\n"
        "slli a9, a8, 24\n"
        "slli a8, a8, 8\n"
        "or a8, a8, a9\n"
        "movi a6, 0xff\n"
        "slli a9, a6, 16\n"
        "or a6, a6, a9\n"
        "slli a7, a6, 7\n"
        "loop a4, 1f\n"
        "l32i a9, a3, 0\n"
        "addi a3, a3, 4\n"
        "xor a9, a9, a5\n"
        "srli a10, a9, 8\n"
        "and a9, a9, a6\n"
        "and a10, a10, a6\n"
        "add a9, a9, a7\n"
        "add a10, a10, a7\n"
        "xor a9, a9, a8\n"
        "xor a10, a10, a8\n"
        "s32i a9, a2, 0\n"
        "s32i a10, a2, 4\n"
        "addi a2, a2, 8\n"
        "1:\n"
        "retw\n"
        ".text\n");

#endif
