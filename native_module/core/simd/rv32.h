/* SPDX-License-Identifier: MIT
 *
 * RV32IM: 31 registers, bytes loaded with their sign, no multiply and accumulate, no operand that is shifted or moves
 * on. What it multiplies lies in twins (swar_channels.h); the loops here hold more than a compiler keeps in registers.
 */
#define MG_SIMD_NAME "rv32"

#ifdef __OPTIMIZE__ /* without, s0 is not free */

#define MG_OWN_TWINS

/* Two taps of the pixel at x, whose sums are total_0, upper_0, total_1, upper_1. */
#define MG_TWIN_PIXEL(x, at, total_0, upper_0, total_1, upper_1) \
    "lb t4, " #at "(" x ")\n" \
    "lb t5, " #at "+1(" x ")\n" \
    "mul t6, t0, t4\n" \
    "mul a6, t2, t5\n" \
    "mul t4, t1, t4\n" \
    "mul t5, t3, t5\n" \
    "add t6, t6, a6\n" \
    "add t4, t4, t5\n" MG_TWIN_BLOCKS(total_0, upper_0, total_1, upper_1)

#define MG_TWIN_BLOCKS(total_0, upper_0, total_1, upper_1) \
    "add t6, t6, a5\n" \
    "add t4, t4, a5\n" \
    "add " total_0 ", " total_0 ", t6\n" \
    "add " total_1 ", " total_1 ", t4\n" \
    "srai t6, t6, 16\n" \
    "srai t4, t4, 16\n" \
    "add " upper_0 ", " upper_0 ", t6\n" \
    "add " upper_1 ", " upper_1 ", t4\n"

#define MG_TWIN_TAPS(w, x) \
    "lw t0, " #w "(a0)\n" \
    "lw t1, " #w "+4(a0)\n" \
    "lw t2, " #w "+8(a0)\n" \
    "lw t3, " #w "+12(a0)\n" \
    MG_TWIN_PIXEL("a1", x, "s0", "s1", "s2", "s3") \
    MG_TWIN_PIXEL("a2", x, "s4", "s5", "s6", "s7") \
    MG_TWIN_PIXEL("a3", x, "s8", "s9", "s10", "s11")

#define MG_TWIN_TAP(x, total_0, upper_0, total_1, upper_1) \
    "lb t4, (" x ")\n" \
    "mul t6, t0, t4\n" \
    "mul t4, t1, t4\n" MG_TWIN_BLOCKS(total_0, upper_0, total_1, upper_1)

/* All sums from or to where they are kept, t0. */
#define MG_TWIN_KEPT(how) \
    how " s0, 0(t0)\n" \
    how " s1, 4(t0)\n" \
    how " s2, 8(t0)\n" \
    how " s3, 12(t0)\n" \
    how " s4, 16(t0)\n" \
    how " s5, 20(t0)\n" \
    how " s6, 24(t0)\n" \
    how " s7, 28(t0)\n" \
    how " s8, 32(t0)\n" \
    how " s9, 36(t0)\n" \
    how " s10, 40(t0)\n" \
    how " s11, 44(t0)\n"

/* Requantises x of one channel, whose multiplier, rounding and shift are a4 to a6, and stores it. */
#define MG_TWIN_FINISH(x, to) \
    "slli t1, " x ", 2\n" \
    "mulh t1, t1, a4\n" \
    "bgez " x ", 11f\n" \
    "add t1, t1, a0\n" \
    "11: add t1, t1, a5\n" \
    "sra t1, t1, a6\n" \
    "slli t2, t1, 24\n" \
    "srai t2, t2, 24\n" \
    "beq t2, t1, 12f\n" \
    "srai t2, t1, 31\n" \
    "xori t2, t2, 127\n" \
    "12: sb t2, " to "\n"
#define MG_TWIN_FINE(at) \
    "lw a4, " #at "(a7)\n" \
    "lw a5, " #at "+4(a7)\n" \
    "lw a6, " #at "+8(a7)\n"
#define MG_TWIN_LOWER(total, upper, to) \
    "slli t0, " upper ", 16\n" \
    "sub t0, " total ", t0\n" MG_TWIN_FINISH("t0", to)

/* s0 to s11 the sums, four a pixel; t0 to t3 weights of two taps, t4 and t5 values, t6, t4 and a6 products; a0 the
 * weights, a1 to a3 the pixels, a4 where four times four weights end, a5 2^15, a7 the job. 109 instructions for 48
 * products. Then a0 is what negative sums get, a1 to a3 the outputs, a4 to a6 a channel's constants. */
static __attribute__((noinline, unused)) void mg_sum_twins(mg_twins_t *job) {
    register mg_twins_t *a7 __asm__("a7") = job;
    __asm__ volatile(
            "0: lw a1, 4(a7)\n"
            "lw t0, 24(a7)\n"
            "lw t1, 28(a7)\n"
            "lw t2, 32(a7)\n"
            "add a2, a1, t0\n"
            "add a3, a1, t1\n"
            "add t2, a1, t2\n"
            "sw t2, 4(a7)\n"
            "lw a0, 0(a7)\n"
            "lw a4, 20(a7)\n"
            "lw t0, 52(a7)\n"
            "lui a5, 8\n"
            "bnez t0, 1f\n"
            "lw s0, 60(a7)\n"
            "lw s1, 64(a7)\n"
            "lw s2, 68(a7)\n"
            "lw s3, 72(a7)\n"
            "mv s4, s0\n"
            "mv s5, s1\n"
            "mv s6, s2\n"
            "mv s7, s3\n"
            "mv s8, s0\n"
            "mv s9, s1\n"
            "mv s10, s2\n"
            "mv s11, s3\n"
            "j 2f\n"
            "1: lw t0, 48(a7)\n" MG_TWIN_KEPT("lw")
            "2: beq a0, a4, 4f\n"
            "3:\n" MG_TWIN_TAPS(0, 0) MG_TWIN_TAPS(16, 2)
            "addi a0, a0, 32\n"
            "addi a1, a1, 4\n"
            "addi a2, a2, 4\n"
            "addi a3, a3, 4\n"
            "bne a0, a4, 3b\n"
            "4: lw ra, 12(a7)\n"
            "andi t0, ra, 2\n"
            "beqz t0, 5f\n" MG_TWIN_TAPS(0, 0)
            "addi a0, a0, 16\n"
            "addi a1, a1, 2\n"
            "addi a2, a2, 2\n"
            "addi a3, a3, 2\n"
            "5: andi t0, ra, 1\n"
            "beqz t0, 6f\n"
            "lw t0, 0(a0)\n"
            "lw t1, 4(a0)\n"
            MG_TWIN_TAP("a1", "s0", "s1", "s2", "s3")
            MG_TWIN_TAP("a2", "s4", "s5", "s6", "s7")
            MG_TWIN_TAP("a3", "s8", "s9", "s10", "s11")
            "6: lw t0, 56(a7)\n"
            "beqz t0, 7f\n"
            "lw a1, 8(a7)\n"
            "lw t0, 36(a7)\n"
            "lw t1, 40(a7)\n"
            "lw t2, 44(a7)\n"
            "add a2, a1, t0\n"
            "add a3, a1, t1\n"
            "add t2, a1, t2\n"
            "sw t2, 8(a7)\n"
            "lw a0, 76(a7)\n"
            MG_TWIN_FINE(80) MG_TWIN_LOWER("s0", "s1", "0(a1)") MG_TWIN_LOWER("s4", "s5", "0(a2)")
            MG_TWIN_LOWER("s8", "s9", "0(a3)")
            MG_TWIN_FINE(92) MG_TWIN_FINISH("s1", "1(a1)") MG_TWIN_FINISH("s5", "1(a2)")
            MG_TWIN_FINISH("s9", "1(a3)")
            MG_TWIN_FINE(104) MG_TWIN_LOWER("s2", "s3", "2(a1)") MG_TWIN_LOWER("s6", "s7", "2(a2)")
            MG_TWIN_LOWER("s10", "s11", "2(a3)")
            MG_TWIN_FINE(116) MG_TWIN_FINISH("s3", "3(a1)") MG_TWIN_FINISH("s7", "3(a2)")
            MG_TWIN_FINISH("s11", "3(a3)")
            "j 8f\n"
            "7: lw t0, 48(a7)\n" MG_TWIN_KEPT("sw")
            "8: lw t0, 48(a7)\n"
            "lw t1, 16(a7)\n"
            "addi t0, t0, 48\n"
            "addi t1, t1, -1\n"
            "sw t0, 48(a7)\n"
            "sw t1, 16(a7)\n"
            "bnez t1, 0b\n"
            :
            : "r"(a7)
            : "ra", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "a0", "a1", "a2", "a3", "a4", "a5", "a6", "s0", "s1", "s2",
              "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "memory");
}

#define MG_OWN_TWIN_COLUMNS

/* Four channels of a tap, `tap` and `w` at which it lies, to the products q_0 and q_1 of a block. */
#define MG_COLUMN_FIRST(w, at, value, q_0, q_1) \
    "lw t0, " #at "(" w ")\n" \
    "and t1, t0, a4\n" \
    "srli t0, t0, 8\n" \
    "and t0, t0, a4\n" \
    "mul " q_0 ", t1, " value "\n" \
    "mul " q_1 ", t0, " value "\n"
#define MG_COLUMN_NEXT(w, at, value, q_0, q_1) \
    "lw t0, " #at "(" w ")\n" \
    "and t1, t0, a4\n" \
    "srli t0, t0, 8\n" \
    "and t0, t0, a4\n" \
    "mul t1, t1, " value "\n" \
    "mul t0, t0, " value "\n" \
    "add " q_0 ", " q_0 ", t1\n" \
    "add " q_1 ", " q_1 ", t0\n"
#define MG_COLUMN_BLOCKS(total_0, upper_0, total_1, upper_1) \
    "add t2, t2, ra\n" \
    "add t3, t3, ra\n" \
    "add " total_0 ", " total_0 ", t2\n" \
    "add " total_1 ", " total_1 ", t3\n" \
    "srai t2, t2, 16\n" \
    "srai t3, t3, 16\n" \
    "add " upper_0 ", " upper_0 ", t2\n" \
    "add " upper_1 ", " upper_1 ", t3\n"
#define MG_COLUMN_TWO(w, at, v0, v1, total_0, upper_0, total_1, upper_1) \
    MG_COLUMN_FIRST(w, at, v0, "t2", "t3") MG_COLUMN_NEXT(w, at + 4, v1, "t2", "t3") \
    MG_COLUMN_BLOCKS(total_0, upper_0, total_1, upper_1)
#define MG_COLUMN_FOUR(w, total_0, upper_0, total_1, upper_1) \
    MG_COLUMN_FIRST(w, 0, "s8", "t2", "t3") MG_COLUMN_NEXT(w, 4, "s9", "t2", "t3") \
    MG_COLUMN_NEXT(w, 8, "s10", "t2", "t3") MG_COLUMN_NEXT(w, 12, "s11", "t2", "t3") \
    MG_COLUMN_BLOCKS(total_0, upper_0, total_1, upper_1)

/* s0 to s7 the sums; s8 to s11 values of four taps, ra their sum, then what goes to each block; t0 and t1 weights,
 * then products, t2 and t3 a block; a0 and a1 the weights, a2 the values, a3 their end, a4 the mask, a5 2^15, a6
 * -128 * (1 + 2^16). 89 instructions for 32 products in blocks of four, 102 in blocks of two. */
static inline void mg_dot_twin_columns(uint32_t sums[8], const uint8_t *w0, const uint8_t *w1, const int8_t *x,
                                       uint32_t k, uint32_t block) {
    register const uint8_t *a0 __asm__("a0") = w0;
    register const uint8_t *a1 __asm__("a1") = w1;
    register const int8_t *a2 __asm__("a2") = x;
    register const int8_t *a3 __asm__("a3") = x + k;
    register uint32_t a4 __asm__("a4") = 0x00ff00ff;
    register uint32_t a5 __asm__("a5") = 0x8000;
    register uint32_t a6 __asm__("a6") = 0u - 128u * 65537u;
    register uint32_t *a7 __asm__("a7") = sums;
    register uint32_t t4 __asm__("t4") = block;
    __asm__ volatile(
            "li s0, 0\n"
            "li s1, 0\n"
            "li s2, 0\n"
            "li s3, 0\n"
            "li s4, 0\n"
            "li s5, 0\n"
            "li s6, 0\n"
            "li s7, 0\n"
            "beq a2, a3, 3f\n"
            "addi t4, t4, -4\n"
            "bnez t4, 2f\n"
            "1: lb s8, 0(a2)\n"
            "lb s9, 1(a2)\n"
            "lb s10, 2(a2)\n"
            "lb s11, 3(a2)\n"
            "add ra, s8, s9\n"
            "add t0, s10, s11\n"
            "add ra, ra, t0\n"
            "mul ra, ra, a6\n"
            "add ra, ra, a5\n"
            MG_COLUMN_FOUR("a0", "s0", "s1", "s2", "s3")
            MG_COLUMN_FOUR("a1", "s4", "s5", "s6", "s7")
            "addi a0, a0, 16\n"
            "addi a1, a1, 16\n"
            "addi a2, a2, 4\n"
            "bne a2, a3, 1b\n"
            "j 3f\n"
            "2: lb s8, 0(a2)\n"
            "lb s9, 1(a2)\n"
            "lb s10, 2(a2)\n"
            "lb s11, 3(a2)\n"
            "add ra, s8, s9\n"
            "mul ra, ra, a6\n"
            "add ra, ra, a5\n"
            MG_COLUMN_TWO("a0", 0, "s8", "s9", "s0", "s1", "s2", "s3")
            MG_COLUMN_TWO("a1", 0, "s8", "s9", "s4", "s5", "s6", "s7")
            "add ra, s10, s11\n"
            "mul ra, ra, a6\n"
            "add ra, ra, a5\n"
            MG_COLUMN_TWO("a0", 8, "s10", "s11", "s0", "s1", "s2", "s3")
            MG_COLUMN_TWO("a1", 8, "s10", "s11", "s4", "s5", "s6", "s7")
            "addi a0, a0, 16\n"
            "addi a1, a1, 16\n"
            "addi a2, a2, 4\n"
            "bne a2, a3, 2b\n"
            "3:\n"
            "sw s0, 0(a7)\n"
            "sw s1, 4(a7)\n"
            "sw s2, 8(a7)\n"
            "sw s3, 12(a7)\n"
            "sw s4, 16(a7)\n"
            "sw s5, 20(a7)\n"
            "sw s6, 24(a7)\n"
            "sw s7, 28(a7)\n"
            : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(t4)
            : "r"(a3), "r"(a4), "r"(a5), "r"(a6), "r"(a7)
            : "ra", "t0", "t1", "t2", "t3", "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11",
              "memory");
}

#endif

#include "scalar.h"
