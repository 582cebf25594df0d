/* SPDX-License-Identifier: MIT
 *
 * Strips of DEPTHWISE_CONV_2D (kernels/linear/depthwise_dsp.c) for Xtensa with MAC16 and MULSH. Six taps of the window
 * stay in the registers of MAC16, the last row's in two others; three rows of two words of values are two outputs.
 */
#include "../assembly.h"
#include "../loops.h"

#ifdef MG_ISA_MAC16

#include "mac16.h"

/*     do {
 *         for (each of four channels) to[plane * channel] = (a[channel], b[channel])
 *         to += line, a += a_step, b += b_step
 *     } while (--rows != 0)
 *
 * a2 to, a3 plane, a4 a, a5 b, a6 a_step, a7 b_step, a8 rows, a9 line, a10 to of a channel, a11, a12 values. */
MG_ASSERT_AT(mg_columns_t, to, 0);
MG_ASSERT_AT(mg_columns_t, plane, 4);
MG_ASSERT_AT(mg_columns_t, a, 8);
MG_ASSERT_AT(mg_columns_t, b, 12);
MG_ASSERT_AT(mg_columns_t, a_step, 16);
MG_ASSERT_AT(mg_columns_t, b_step, 20);
MG_ASSERT_AT(mg_columns_t, rows, 24);
MG_ASSERT_AT(mg_columns_t, line, 28);
#define PAIR(channel, to) \
    "l8ui a11, a4, " channel "\n" \
    "l8ui a12, a5, " channel "\n" \
    "sext a11, a11, 7\n" \
    "sext a12, a12, 7\n" \
    "s16i a11, " to ", 0\n" \
    "s16i a12, " to ", 2\n"
__asm__(MG_FUNCTION("mg_pair_columns")
        "l32i a3, a2, 4\n"
        "l32i a4, a2, 8\n"
        "l32i a5, a2, 12\n"
        "l32i a6, a2, 16\n"
        "l32i a7, a2, 20\n"
        "l32i a8, a2, 24\n"
        "l32i a9, a2, 28\n"
        "l32i a2, a2, 0\n"
        "loop a8, 1f\n" PAIR("0", "a2")
        "add a10, a2, a3\n" PAIR("1", "a10")
        "add a10, a10, a3\n" PAIR("2", "a10")
        "add a10, a10, a3\n" PAIR("3", "a10")
        "add a2, a2, a9\n"
        "add a4, a4, a6\n"
        "add a5, a5, a7\n"
        "1:\n"
        "retw\n");

MG_ASSERT_AT(mg_dsp_strip_t, x, 0);
MG_ASSERT_AT(mg_dsp_strip_t, channel, 4);
MG_ASSERT_AT(mg_dsp_strip_t, fourth, 8);
MG_ASSERT_AT(mg_dsp_strip_t, third, 12);
MG_ASSERT_AT(mg_dsp_strip_t, out, 16);
MG_ASSERT_AT(mg_dsp_strip_t, rows, 20);
MG_ASSERT_AT(mg_dsp_strip_t, second, 28);
MG_ASSERT_AT(mg_dsp_strip_t, out_step, 32);
MG_ASSERT_AT(mg_dsp_strip_t, min, 44);
MG_ASSERT_AT(mg_dsp_strip_t, max, 48);
MG_ASSERT_AT(mg_dsp_channel_t, bias, 0);
MG_ASSERT_AT(mg_dsp_channel_t, multiplier, 4);
MG_ASSERT_AT(mg_dsp_channel_t, rounding, 8);
MG_ASSERT_AT(mg_dsp_channel_t, shift, 12);
MG_ASSERT_AT(mg_dsp_channel_t, taps, 16);

/* a2 multiplier, a3 x, a4 to a9 values, a10, a11 the third row's taps, a12 rounding, a13, a14 a sum, a15 out; m0 to m3
 * the other rows' taps. On the stack what is rarer. Accumulators are twice the sums: their double times the multiplier
 * is what mg_requantize_fine begins with. */
#define LEFT "0"
#define OUT_STEP "4"
#define BIAS "8"
#define SECOND "12"
#define THIRD "16"
#define FOURTH "20"
#define MIN "24"
#define MAX "28"
#define START \
    "l32i a4, a2, 20\n" \
    "l32i a5, a2, 32\n" \
    "s32i a4, a1, " LEFT "\n" \
    "s32i a5, a1, " OUT_STEP "\n" \
    "l32i a4, a2, 28\n" \
    "l32i a5, a2, 12\n" \
    "l32i a6, a2, 8\n" \
    "s32i a4, a1, " SECOND "\n" \
    "s32i a5, a1, " THIRD "\n" \
    "s32i a6, a1, " FOURTH "\n" \
    "l32i a4, a2, 44\n" \
    "l32i a5, a2, 48\n" \
    "s32i a4, a1, " MIN "\n" \
    "s32i a5, a1, " MAX "\n" \
    "l32i a3, a2, 0\n" \
    "l32i a15, a2, 16\n" \
    "l32i a14, a2, 4\n" \
    "l32i a4, a14, 0\n" \
    "l32i a2, a14, 4\n" \
    "l32i a12, a14, 8\n" \
    "l32i a13, a14, 12\n" \
    "s32i a4, a1, " BIAS "\n" \
    "add a12, a12, a12\n" \
    "addi a12, a12, 1\n" \
    "addi a13, a13, 1\n" \
    "ssr a13\n" \
    "l32i a10, a14, 32\n" \
    "l32i a11, a14, 36\n" \
    "addi a14, a14, 12\n" \
    "ldinc m0, a14\n" \
    "ldinc m1, a14\n" \
    "ldinc m2, a14\n" \
    "ldinc m3, a14\n" \
    "1:\n"

#define LOAD(first, second, third, column, line) \
    "l32i " first ", a3, 4 * " column "\n" \
    "l32i " second ", a3, " line " + 4 * " column "\n" \
    "l32i " third ", a3, 2 * " line " + 4 * " column "\n"

#define BEGIN \
    "l32i a14, a1, " BIAS "\n" \
    "wsr a14, acclo\n"

/* Values 0, 1 and 2 of two words. */
#define FROM_FIRST(a0, a1, a2, b0, b1, b2) \
    BEGIN \
    "mula.da.ll m0, " a0 "\n" \
    "mula.da.hh m0, " a0 "\n" \
    "mula.da.hl m1, " b0 "\n" \
    "mula.ad.ll " a1 ", m2\n" \
    "mula.ad.hh " a1 ", m2\n" \
    "mula.ad.lh " b1 ", m3\n" \
    "mula.aa.ll " a2 ", a10\n" \
    "mula.aa.hh " a2 ", a10\n" \
    "mula.aa.lh " b2 ", a11\n"

/* Values 1, 2 and 3. */
#define FROM_SECOND(a0, a1, a2, b0, b1, b2) \
    BEGIN \
    "mula.da.lh m0, " a0 "\n" \
    "mula.da.hl m0, " b0 "\n" \
    "mula.da.hh m1, " b0 "\n" \
    "mula.ad.hl " a1 ", m2\n" \
    "mula.ad.lh " b1 ", m2\n" \
    "mula.ad.hh " b1 ", m3\n" \
    "mula.aa.hl " a2 ", a10\n" \
    "mula.aa.lh " b2 ", a10\n" \
    "mula.aa.hh " b2 ", a11\n"

#define REQUANTIZE \
    "rsr a13, acclo\n" \
    "add a14, a13, a13\n" \
    "srai a13, a13, 31\n" \
    MG_MULSH("14", "14", "2") \
    "addx2 a14, a13, a14\n" \
    "add a14, a14, a12\n" \
    "sra a14, a14\n" \
    "l32i a13, a1, " MIN "\n" \
    "max a14, a14, a13\n" \
    "l32i a13, a1, " MAX "\n" \
    "min a14, a14, a13\n"

#define STORE(where) \
    REQUANTIZE \
    "l32i a13, a1, " where "\n" \
    "add a13, a13, a15\n" \
    "s8i a14, a13, 0\n"

#define STORE_FIRST \
    REQUANTIZE \
    "s8i a14, a15, 0\n"

#define NEXT(step) \
    "l32i a13, a1, " LEFT "\n" \
    "l32i a14, a1, " OUT_STEP "\n" \
    "addi a3, a3, " step "\n" \
    "addi a13, a13, -1\n" \
    "add a15, a15, a14\n" \
    "s32i a13, a1, " LEFT "\n" \
    "bnez a13, 1b\n" \
    "retw\n"

#define EARLIER "a4", "a5", "a6"
#define LATER "a7", "a8", "a9"
#define OF(what, a, b) OF_WORDS(what, a, b)
#define OF_WORDS(what, ...) what(__VA_ARGS__)
#define LOAD_WORDS(words, column, line) OF_WORDS(LOAD, words, column, line)

__asm__(MG_STACKED("mg_mac16_strip_by_1", "64")
        START LOAD_WORDS(EARLIER, "1", "12") LOAD_WORDS(LATER, "2", "12")
        OF(FROM_SECOND, EARLIER, LATER) STORE(FOURTH)
        OF(FROM_FIRST, EARLIER, LATER) STORE(THIRD)
        LOAD_WORDS(LATER, "0", "12")
        OF(FROM_SECOND, LATER, EARLIER) STORE(SECOND)
        OF(FROM_FIRST, LATER, EARLIER) STORE_FIRST
        NEXT("12"));

__asm__(MG_STACKED("mg_mac16_strip_by_2", "64")
        START LOAD_WORDS(EARLIER, "3", "20") LOAD_WORDS(LATER, "4", "20")
        OF(FROM_FIRST, EARLIER, LATER) STORE(FOURTH)
        LOAD_WORDS(LATER, "2", "20")
        OF(FROM_FIRST, LATER, EARLIER) STORE(THIRD)
        LOAD_WORDS(EARLIER, "1", "20")
        OF(FROM_FIRST, EARLIER, LATER) STORE(SECOND)
        LOAD_WORDS(LATER, "0", "20")
        OF(FROM_FIRST, LATER, EARLIER) STORE_FIRST
        NEXT("40"));

/* Three pairs of taps, rows of windows of five or six: m0 to m2 the row's taps, of which four outputs in registers make
 * use. a2 sums, a3 x, a4 a line in bytes, a5 taps, a6 rows, a7 and a12 to a15 values, a8 to a11 sums. */
#define PAIRS_AT(x0, x1, x2, sum) \
    "wsr " sum ", acclo\n" \
    "mula.da.ll m0, " x0 "\n" \
    "mula.da.hh m0, " x0 "\n" \
    "mula.da.ll m1, " x1 "\n" \
    "mula.da.hh m1, " x1 "\n" \
    "mula.ad.ll " x2 ", m2\n" \
    "mula.ad.hh " x2 ", m2\n" \
    "rsr " sum ", acclo\n"
#define PAIRS_BETWEEN(x0, x1, x2, x3, sum) \
    "wsr " sum ", acclo\n" \
    "mula.da.lh m0, " x0 "\n" \
    "mula.da.hl m0, " x1 "\n" \
    "mula.da.lh m1, " x1 "\n" \
    "mula.da.hl m1, " x2 "\n" \
    "mula.ad.hl " x2 ", m2\n" \
    "mula.ad.lh " x3 ", m2\n" \
    "rsr " sum ", acclo\n"
#define THREE_PAIRS \
    "ldinc m0, a5\n" \
    "ldinc m1, a5\n" \
    "ldinc m2, a5\n" \
    "l32i a7, a3, 0\n" \
    "l32i a12, a3, 4\n" \
    "l32i a13, a3, 8\n" \
    "l32i a14, a3, 12\n" \
    "l32i a15, a3, 16\n"
#define OF_THREE_PAIRS(by_1, by_2) \
    "movi a9, 0\n" \
    "movi a10, 0\n" \
    "movi a11, 0\n" \
    "beqi a8, 4, " by_2 "f\n" \
    "movi a8, 0\n" \
    "loop a6, " by_1 "f\n" THREE_PAIRS PAIRS_AT("a7", "a12", "a13", "a8") \
    PAIRS_BETWEEN("a7", "a12", "a13", "a14", "a9") PAIRS_AT("a12", "a13", "a14", "a10") \
    PAIRS_BETWEEN("a12", "a13", "a14", "a15", "a11") \
    "add a3, a3, a4\n" \
    by_1 ":\n" STORE_SUMS \
    by_2 ":\n" \
    "movi a8, 0\n" \
    "loop a6, " by_1 "f\n" THREE_PAIRS PAIRS_AT("a7", "a12", "a13", "a8") \
    "l32i a7, a3, 20\n" PAIRS_AT("a12", "a13", "a14", "a9") PAIRS_AT("a13", "a14", "a15", "a10") \
    PAIRS_AT("a14", "a15", "a7", "a11") \
    "add a3, a3, a4\n" \
    by_1 ":\n" STORE_SUMS
#define STORE_SUMS \
    "s32i a8, a2, 0\n" \
    "s32i a9, a2, 4\n" \
    "s32i a10, a2, 8\n" \
    "s32i a11, a2, 12\n" \
    "retw\n"

/* a2 sums, a3 x of an output, a4 a line in bytes, a5 taps, a6 rows, a7 pairs, a8 an output's step in bytes, a9 outputs
 * left, a10 a row of x, a11 rows left, a12 taps and a13 x as they move, a14, a15 values; m2 a pair of taps. */
__asm__(MG_FUNCTION("mg_dot_taps")
        "l32i a8, a1, 32\n"
        "slli a4, a4, 1\n"
        "slli a8, a8, 1\n"
        "addi a5, a5, -4\n"
        "bnei a7, 3, 4f\n"
        "bgei a8, 5, 4f\n"
        OF_THREE_PAIRS("5", "6")
        "4:\n"
        "movi a9, 4\n"
        "1:\n"
        "movi a10, 0\n"
        "wsr a10, acclo\n"
        "mov a10, a3\n"
        "mov a11, a6\n"
        "mov a12, a5\n"
        "2:\n"
        "mov a13, a10\n"
        "loop a7, 3f\n"
        "ldinc m2, a12\n"
        "l16si a14, a13, 0\n"
        "l16si a15, a13, 2\n"
        "addi a13, a13, 4\n"
        "mula.ad.ll a14, m2\n"
        "mula.ad.lh a15, m2\n"
        "3:\n"
        "addi a11, a11, -1\n"
        "add a10, a10, a4\n"
        "bnez a11, 2b\n"
        "rsr a10, acclo\n"
        "addi a9, a9, -1\n"
        "s32i a10, a2, 0\n"
        "addi a2, a2, 4\n"
        "add a3, a3, a8\n"
        "bnez a9, 1b\n"
        "retw\n"
        ".text\n");

#endif
