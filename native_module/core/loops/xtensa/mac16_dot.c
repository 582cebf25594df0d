/* SPDX-License-Identifier: MIT
 *
 * The vocabulary's sum of products of bytes (simd/simd.h) for Xtensa with MAC16.
 */
#include "../../simd/simd.h"

#ifdef MG_ISA_MAC16

#include "mac16.h"

/* Where both are at words, the bytes of a word are taken two at a time as the upper halves of int16: products are 2^16
 * times what they stand for, and 256 of them fit the 40 bits of the accumulator.
 *
 * a2 x, a3 w, a4 taps left, a5 the sum, a6 words, a7 mask, a8 to a11 values. */
#define ACCUMULATE(x, w) \
    "mula.aa.ll " x ", " w "\n" \
    "mula.aa.hh " x ", " w "\n"
__asm__(MG_FUNCTION("mg_dot")
        "or a6, a2, a3\n"
        "movi a5, 0\n"
        "extui a6, a6, 0, 2\n"
        "movi a7, 0xff\n"
        "bnez a6, 3f\n"
        "slli a7, a7, 8\n"
        "slli a8, a7, 16\n"
        "or a7, a7, a8\n"
        "ssai 16\n"
        "1:\n"
        "srli a6, a4, 2\n"
        "movi a8, 64\n"
        "beqz a6, 3f\n"
        "minu a6, a6, a8\n"
        "slli a8, a6, 2\n"
        "sub a4, a4, a8\n"
        "movi a8, 0\n"
        "wsr a8, acclo\n"
        "wsr a8, acchi\n"
        "loop a6, 2f\n"
        "l32i a8, a2, 0\n"
        "l32i a9, a3, 0\n"
        "addi a2, a2, 4\n"
        "and a10, a8, a7\n"
        "and a11, a9, a7\n"
        ACCUMULATE("a10", "a11")
        "slli a8, a8, 8\n"
        "slli a9, a9, 8\n"
        "and a8, a8, a7\n"
        "and a9, a9, a7\n"
        ACCUMULATE("a8", "a9")
        "addi a3, a3, 4\n"
        "2:\n"
        "rsr a8, acclo\n"
        "rsr a9, acchi\n"
        "sext a9, a9, 7\n"
        "src a8, a9, a8\n"
        "add a5, a5, a8\n"
        "j 1b\n"
        "3:\n"
        "wsr a5, acclo\n"
        "loopnez a4, 4f\n"
        "l8ui a8, a2, 0\n"
        "l8ui a9, a3, 0\n"
        "addi a2, a2, 1\n"
        "sext a8, a8, 7\n"
        "sext a9, a9, 7\n"
        "addi a3, a3, 1\n"
        "mula.aa.ll a8, a9\n"
        "4:\n"
        "rsr a2, acclo\n"
        "retw\n"
        ".text\n");

#endif
