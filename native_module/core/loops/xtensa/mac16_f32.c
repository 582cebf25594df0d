/* SPDX-License-Identifier: MIT
 *
 * Loops of float32 for Xtensa with register windows, LOOP and the FPU, which all chips with MAC16 have. Compilers made
 * for another core know no float registers, so whole functions are assembly. Each product is rounded before it is
 * added, as on every core: MADD.S would round once.
 */
#include "../assembly.h"
#include "../loops.h"

#ifdef MG_ISA_MAC16

#include "mac16.h"

/* a2 sums, a3 tile and then x, a4 other pixel's x, a5 other sums, a6 to a9 weights of four channels, a10 taps, a11 what
 * passes; f0 to f3 sums, f4 to f7 the other pixel's. */
MG_ASSERT_AT(mg_f32_tile_t, x, 0);
MG_ASSERT_AT(mg_f32_tile_t, w, 4);
MG_ASSERT_AT(mg_f32_tile_t, x_step, 8);
MG_ASSERT_AT(mg_f32_tile_t, w_step, 12);
MG_ASSERT_AT(mg_f32_tile_t, sums_step, 16);
MG_ASSERT_AT(mg_f32_tile_t, taps, 20);
#define FOUR(what, sums, f0, f1, f2, f3) \
    what " " f0 ", " sums ", 0\n" \
    what " " f1 ", " sums ", 4\n" \
    what " " f2 ", " sums ", 8\n" \
    what " " f3 ", " sums ", 12\n"
#define TWO_CHANNELS_OF_TWO(w0, w1, sum00, sum10, sum01, sum11) \
    "lsip f10, " w0 ", 4\n" \
    "lsip f11, " w1 ", 4\n" \
    "mul.s f12, f8, f10\n" \
    "mul.s f13, f9, f10\n" \
    "mul.s f14, f8, f11\n" \
    "mul.s f15, f9, f11\n" \
    "add.s " sum00 ", " sum00 ", f12\n" \
    "add.s " sum10 ", " sum10 ", f13\n" \
    "add.s " sum01 ", " sum01 ", f14\n" \
    "add.s " sum11 ", " sum11 ", f15\n"
__asm__(MG_FUNCTION("mg_dot_f32_tile")
        "l32i a6, a3, 4\n"
        "l32i a11, a3, 12\n"
        "l32i a10, a3, 20\n"
        "addx4 a7, a11, a6\n"
        "addx4 a8, a11, a7\n"
        "addx4 a9, a11, a8\n"
        FOUR("lsi", "a2", "f0", "f1", "f2", "f3")
        "bgei a4, 2, 2f\n"
        "l32i a3, a3, 0\n"
        "loopnez a10, 1f\n"
        "lsip f8, a3, 4\n"
        "lsip f12, a6, 4\n"
        "lsip f13, a7, 4\n"
        "lsip f14, a8, 4\n"
        "lsip f15, a9, 4\n"
        "mul.s f12, f8, f12\n"
        "mul.s f13, f8, f13\n"
        "mul.s f14, f8, f14\n"
        "mul.s f15, f8, f15\n"
        "add.s f0, f0, f12\n"
        "add.s f1, f1, f13\n"
        "add.s f2, f2, f14\n"
        "add.s f3, f3, f15\n"
        "1:\n"
        FOUR("ssi", "a2", "f0", "f1", "f2", "f3")
        "retw\n"
        "2:\n"
        "l32i a11, a3, 16\n"
        "l32i a4, a3, 8\n"
        "l32i a3, a3, 0\n"
        "addx4 a5, a11, a2\n"
        "addx4 a4, a4, a3\n"
        FOUR("lsi", "a5", "f4", "f5", "f6", "f7")
        "loopnez a10, 3f\n"
        "lsip f8, a3, 4\n"
        "lsip f9, a4, 4\n"
        TWO_CHANNELS_OF_TWO("a6", "a7", "f0", "f4", "f1", "f5")
        TWO_CHANNELS_OF_TWO("a8", "a9", "f2", "f6", "f3", "f7")
        "3:\n"
        FOUR("ssi", "a2", "f0", "f1", "f2", "f3")
        FOUR("ssi", "a5", "f4", "f5", "f6", "f7")
        "retw\n");

/* Eight channels at a time, then single ones.
 *
 * a2 sums and at the end how many channels, a3 x, a4 channels left, a5 w, a6, a7 steps of x and w in bytes, a8 taps,
 * a9, a10 x and w as they move, a11 all channels; f0 to f7 sums, f8 to f11 values and products, f12 to f15 weights. */
#define FOUR_PRODUCTS(at, sum0, sum1, sum2, sum3) \
    "lsi f8, a9, " at "\n" \
    "lsi f9, a9, " at " + 4\n" \
    "lsi f10, a9, " at " + 8\n" \
    "lsi f11, a9, " at " + 12\n" \
    "lsi f12, a10, " at "\n" \
    "lsi f13, a10, " at " + 4\n" \
    "lsi f14, a10, " at " + 8\n" \
    "lsi f15, a10, " at " + 12\n" \
    "mul.s f8, f8, f12\n" \
    "mul.s f9, f9, f13\n" \
    "mul.s f10, f10, f14\n" \
    "mul.s f11, f11, f15\n" \
    "add.s " sum0 ", " sum0 ", f8\n" \
    "add.s " sum1 ", " sum1 ", f9\n" \
    "add.s " sum2 ", " sum2 ", f10\n" \
    "add.s " sum3 ", " sum3 ", f11\n"
#define EIGHT(what) \
    FOUR(what, "a2", "f0", "f1", "f2", "f3") \
    what " f4, a2, 16\n" \
    what " f5, a2, 20\n" \
    what " f6, a2, 24\n" \
    what " f7, a2, 28\n"
__asm__(MG_FUNCTION("mg_add_products_f32")
        "l32i a5, a3, 4\n"
        "l32i a6, a3, 8\n"
        "l32i a7, a3, 12\n"
        "l32i a8, a3, 20\n"
        "l32i a3, a3, 0\n"
        "slli a6, a6, 2\n"
        "slli a7, a7, 2\n"
        "mov a11, a4\n"
        "j 3f\n"
        "1:\n" EIGHT("lsi")
        "mov a9, a3\n"
        "mov a10, a5\n"
        "loopnez a8, 2f\n"
        FOUR_PRODUCTS("0", "f0", "f1", "f2", "f3") FOUR_PRODUCTS("16", "f4", "f5", "f6", "f7")
        "add a9, a9, a6\n"
        "add a10, a10, a7\n"
        "2:\n" EIGHT("ssi")
        "addi a2, a2, 32\n"
        "addi a3, a3, 32\n"
        "addi a5, a5, 32\n"
        "addi a4, a4, -8\n"
        "3:\n"
        "bgeui a4, 8, 1b\n"
        "beqz a4, 6f\n"
        "4:\n"
        "lsi f0, a2, 0\n"
        "mov a9, a3\n"
        "mov a10, a5\n"
        "loopnez a8, 5f\n"
        "lsxp f8, a9, a6\n"
        "lsxp f12, a10, a7\n"
        "mul.s f8, f8, f12\n"
        "add.s f0, f0, f8\n"
        "5:\n"
        "ssip f0, a2, 4\n"
        "addi a3, a3, 4\n"
        "addi a5, a5, 4\n"
        "addi a4, a4, -1\n"
        "bnez a4, 4b\n"
        "6:\n"
        "mov a2, a11\n"
        "retw\n");

/* a2 sums and at the end how many, a3 bias, a4 how many, a5, a6 the limits. A NaN stays one. */
__asm__(MG_FUNCTION("mg_finish_f32")
        "wfr f2, a5\n"
        "wfr f3, a6\n"
        "loopnez a4, 1f\n"
        "lsi f0, a2, 0\n"
        "lsip f1, a3, 4\n"
        "add.s f0, f0, f1\n"
        "olt.s b0, f0, f2\n"
        "olt.s b1, f3, f0\n"
        "movt.s f0, f3, b1\n"
        "movt.s f0, f2, b0\n"
        "ssip f0, a2, 4\n"
        "1:\n"
        "mov a2, a4\n"
        "retw\n");

/* a2 the sum, a3 x, a4 w, a5 how many. */
__asm__(MG_FUNCTION("mg_dot_f32_words")
        "wfr f0, a2\n"
        "loopnez a5, 1f\n"
        "lsip f1, a3, 4\n"
        "lsip f2, a4, 4\n"
        "mul.s f1, f1, f2\n"
        "add.s f0, f0, f1\n"
        "1:\n"
        "rfr a2, f0\n"
        "retw\n"
        ".text\n");

#endif
