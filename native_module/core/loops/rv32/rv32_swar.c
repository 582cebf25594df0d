/* SPDX-License-Identifier: MIT
 *
 * The loops of layout `swar_channels` for RV32IM: 31 registers, bytes loaded with their sign, no multiply and
 * accumulate, no operand that is shifted or moves on. They hold more than a compiler keeps in registers.
 */
#include "../assembly.h"
#include "../loops.h"

#ifdef MG_ISA_RV32

/* The fields of a job, which is at a7. */
#define W 0
#define X 4
#define Y 8
#define TAPS 12
#define TRIPLES 16
#define W_END 20
#define X_STEP 24
#define Y_STEP 36
#define KEPT 48
#define GOES_ON 52
#define ENDS 56
#define START 60
#define SIGN 76
#define FINE 80
#define FIELD(at) MG_TEXT(at) "(a7)"
MG_ASSERT_AT(mg_swar_job_t, w, W);
MG_ASSERT_AT(mg_swar_job_t, x, X);
MG_ASSERT_AT(mg_swar_job_t, y, Y);
MG_ASSERT_AT(mg_swar_job_t, taps, TAPS);
MG_ASSERT_AT(mg_swar_job_t, triples, TRIPLES);
MG_ASSERT_AT(mg_swar_job_t, w_end, W_END);
MG_ASSERT_AT(mg_swar_job_t, x_step, X_STEP);
MG_ASSERT_AT(mg_swar_job_t, y_step, Y_STEP);
MG_ASSERT_AT(mg_swar_job_t, kept, KEPT);
MG_ASSERT_AT(mg_swar_job_t, goes_on, GOES_ON);
MG_ASSERT_AT(mg_swar_job_t, ends, ENDS);
MG_ASSERT_AT(mg_swar_job_t, start, START);
MG_ASSERT_AT(mg_swar_job_t, sign, SIGN);
MG_ASSERT_AT(mg_swar_job_t, fine, FINE);

#define MULTIPLIER 0
#define ROUNDING 4
#define SHIFT 8
#define FINE_BYTES 12
MG_ASSERT_AT(mg_fine_t, multiplier, MULTIPLIER);
MG_ASSERT_AT(mg_fine_t, rounding, ROUNDING);
MG_ASSERT_AT(mg_fine_t, shift, SHIFT);
_Static_assert(sizeof(mg_fine_t) == FINE_BYTES, "the constants of a channel");

/* Two taps of the pixel at x, whose sums are total_0, upper_0, total_1, upper_1. */
#define TWO_TAPS_OF(x, at, total_0, upper_0, total_1, upper_1) \
    "lb t4, " #at "(" x ")\n" \
    "lb t5, " #at "+1(" x ")\n" \
    "mul t6, t0, t4\n" \
    "mul a6, t2, t5\n" \
    "mul t4, t1, t4\n" \
    "mul t5, t3, t5\n" \
    "add t6, t6, a6\n" \
    "add t4, t4, t5\n" ADD_BLOCKS(total_0, upper_0, total_1, upper_1)

#define ADD_BLOCKS(total_0, upper_0, total_1, upper_1) \
    "add t6, t6, a5\n" \
    "add t4, t4, a5\n" \
    "add " total_0 ", " total_0 ", t6\n" \
    "add " total_1 ", " total_1 ", t4\n" \
    "srai t6, t6, 16\n" \
    "srai t4, t4, 16\n" \
    "add " upper_0 ", " upper_0 ", t6\n" \
    "add " upper_1 ", " upper_1 ", t4\n"

#define TWO_TAPS(w, x) \
    "lw t0, " #w "(a0)\n" \
    "lw t1, " #w "+4(a0)\n" \
    "lw t2, " #w "+8(a0)\n" \
    "lw t3, " #w "+12(a0)\n" \
    TWO_TAPS_OF("a1", x, "s0", "s1", "s2", "s3") \
    TWO_TAPS_OF("a2", x, "s4", "s5", "s6", "s7") \
    TWO_TAPS_OF("a3", x, "s8", "s9", "s10", "s11")

#define ONE_TAP_OF(x, total_0, upper_0, total_1, upper_1) \
    "lb t4, (" x ")\n" \
    "mul t6, t0, t4\n" \
    "mul t4, t1, t4\n" ADD_BLOCKS(total_0, upper_0, total_1, upper_1)

/* All sums from or to where they are kept, t0. */
#define ALL_SUMS(how) \
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
#define FINISH(x, to) \
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
#define LOAD_FINE(channel) \
    "lw a4, " FIELD(FINE + channel * FINE_BYTES + MULTIPLIER) "\n" \
    "lw a5, " FIELD(FINE + channel * FINE_BYTES + ROUNDING) "\n" \
    "lw a6, " FIELD(FINE + channel * FINE_BYTES + SHIFT) "\n"
#define LOWER(total, upper, to) \
    "slli t0, " upper ", 16\n" \
    "sub t0, " total ", t0\n" FINISH("t0", to)

/* The sums of three pixels as they start. */
#define COPY_START \
    "lw s0, " FIELD(START) "\n" \
    "lw s1, " FIELD(START + 4) "\n" \
    "lw s2, " FIELD(START + 8) "\n" \
    "lw s3, " FIELD(START + 12) "\n" \
    "mv s4, s0\n" \
    "mv s5, s1\n" \
    "mv s6, s2\n" \
    "mv s7, s3\n" \
    "mv s8, s0\n" \
    "mv s9, s1\n" \
    "mv s10, s2\n" \
    "mv s11, s3\n"

/* Requantises four channels of three pixels and stores them; y moves on. */
#define STORE_OUTPUTS \
    "lw a1, " FIELD(Y) "\n" \
    "lw t0, " FIELD(Y_STEP) "\n" \
    "lw t1, " FIELD(Y_STEP + 4) "\n" \
    "lw t2, " FIELD(Y_STEP + 8) "\n" \
    "add a2, a1, t0\n" \
    "add a3, a1, t1\n" \
    "add t2, a1, t2\n" \
    "sw t2, " FIELD(Y) "\n" \
    "lw a0, " FIELD(SIGN) "\n" \
    LOAD_FINE(0) LOWER("s0", "s1", "0(a1)") LOWER("s4", "s5", "0(a2)") \
    LOWER("s8", "s9", "0(a3)") \
    LOAD_FINE(1) FINISH("s1", "1(a1)") FINISH("s5", "1(a2)") \
    FINISH("s9", "1(a3)") \
    LOAD_FINE(2) LOWER("s2", "s3", "2(a1)") LOWER("s6", "s7", "2(a2)") \
    LOWER("s10", "s11", "2(a3)") \
    LOAD_FINE(3) FINISH("s3", "3(a1)") FINISH("s7", "3(a2)") \
    FINISH("s11", "3(a3)")

/*     do {
 *         s[12] = start, or the sums that are kept, of three pixels
 *         for (k = 0; k < taps; k += 2) s += the block of two taps of each pixel; four a round, then what is left
 *         if (ends) store the requantised sums at y[0 to 2], else keep them
 *         x += x_step[2], y += y_step[2], kept += 12
 *     } while (--triples != 0)
 *
 * s0 to s11 the sums, four a pixel; t0 to t3 weights of two taps, t4 and t5 values, t6, t4 and a6 products; a0 the
 * weights, a1 to a3 the pixels, a4 where four times four weights end, a5 2^15, a7 the job. 109 instructions for 48
 * products. Then a0 is what negative sums get, a1 to a3 the outputs, a4 to a6 a channel's constants. */
void mg_sum_triples(mg_swar_job_t *job) {
    register mg_swar_job_t *a7 __asm__("a7") = job;
    __asm__ volatile(
            "0: lw a1, " FIELD(X) "\n"
            "lw t0, " FIELD(X_STEP) "\n"
            "lw t1, " FIELD(X_STEP + 4) "\n"
            "lw t2, " FIELD(X_STEP + 8) "\n"
            "add a2, a1, t0\n"
            "add a3, a1, t1\n"
            "add t2, a1, t2\n"
            "sw t2, " FIELD(X) "\n"
            "lw a0, " FIELD(W) "\n"
            "lw a4, " FIELD(W_END) "\n"
            "lw t0, " FIELD(GOES_ON) "\n"
            "lui a5, 8\n"
            "bnez t0, 1f\n"
            COPY_START
            "j 2f\n"
            "1: lw t0, " FIELD(KEPT) "\n" ALL_SUMS("lw")
            "2: beq a0, a4, 4f\n"
            "3:\n" TWO_TAPS(0, 0) TWO_TAPS(16, 2)
            "addi a0, a0, 32\n"
            "addi a1, a1, 4\n"
            "addi a2, a2, 4\n"
            "addi a3, a3, 4\n"
            "bne a0, a4, 3b\n"
            "4: lw ra, " FIELD(TAPS) "\n"
            "andi t0, ra, 2\n"
            "beqz t0, 5f\n" TWO_TAPS(0, 0)
            "addi a0, a0, 16\n"
            "addi a1, a1, 2\n"
            "addi a2, a2, 2\n"
            "addi a3, a3, 2\n"
            "5: andi t0, ra, 1\n"
            "beqz t0, 6f\n"
            "lw t0, 0(a0)\n"
            "lw t1, 4(a0)\n"
            ONE_TAP_OF("a1", "s0", "s1", "s2", "s3")
            ONE_TAP_OF("a2", "s4", "s5", "s6", "s7")
            ONE_TAP_OF("a3", "s8", "s9", "s10", "s11")
            "6: lw t0, " FIELD(ENDS) "\n"
            "beqz t0, 7f\n"
            STORE_OUTPUTS
            "j 8f\n"
            "7: lw t0, " FIELD(KEPT) "\n" ALL_SUMS("sw")
            "8: lw t0, " FIELD(KEPT) "\n"
            "lw t1, " FIELD(TRIPLES) "\n"
            "addi t0, t0, 48\n"
            "addi t1, t1, -1\n"
            "sw t0, " FIELD(KEPT) "\n"
            "sw t1, " FIELD(TRIPLES) "\n"
            "bnez t1, 0b\n"
            :
            : "r"(a7)
            : "ra", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "a0", "a1", "a2", "a3", "a4", "a5", "a6", "s0", "s1",
              "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "memory");
}

/* Four channels of the tap at w, to the products q_0 and q_1 of a block. */
#define FIRST_TAP(w, at, value, q_0, q_1) \
    "lw t0, " #at "(" w ")\n" \
    "and t1, t0, a4\n" \
    "srli t0, t0, 8\n" \
    "and t0, t0, a4\n" \
    "mul " q_0 ", t1, " value "\n" \
    "mul " q_1 ", t0, " value "\n"
#define NEXT_TAP(w, at, value, q_0, q_1) \
    "lw t0, " #at "(" w ")\n" \
    "and t1, t0, a4\n" \
    "srli t0, t0, 8\n" \
    "and t0, t0, a4\n" \
    "mul t1, t1, " value "\n" \
    "mul t0, t0, " value "\n" \
    "add " q_0 ", " q_0 ", t1\n" \
    "add " q_1 ", " q_1 ", t0\n"
#define ADD_CHANNELS(total_0, upper_0, total_1, upper_1) \
    "add t2, t2, ra\n" \
    "add t3, t3, ra\n" \
    "add " total_0 ", " total_0 ", t2\n" \
    "add " total_1 ", " total_1 ", t3\n" \
    "srai t2, t2, 16\n" \
    "srai t3, t3, 16\n" \
    "add " upper_0 ", " upper_0 ", t2\n" \
    "add " upper_1 ", " upper_1 ", t3\n"
#define BLOCK_OF_TWO(w, at, v0, v1, total_0, upper_0, total_1, upper_1) \
    FIRST_TAP(w, at, v0, "t2", "t3") NEXT_TAP(w, at + 4, v1, "t2", "t3") \
    ADD_CHANNELS(total_0, upper_0, total_1, upper_1)
#define BLOCK_OF_FOUR(w, total_0, upper_0, total_1, upper_1) \
    FIRST_TAP(w, 0, "s8", "t2", "t3") NEXT_TAP(w, 4, "s9", "t2", "t3") \
    NEXT_TAP(w, 8, "s10", "t2", "t3") NEXT_TAP(w, 12, "s11", "t2", "t3") \
    ADD_CHANNELS(total_0, upper_0, total_1, upper_1)

/* Nothing is summed yet; all sums to where they are wanted. */
#define CLEAR_SUMS \
    "li s0, 0\n" \
    "li s1, 0\n" \
    "li s2, 0\n" \
    "li s3, 0\n" \
    "li s4, 0\n" \
    "li s5, 0\n" \
    "li s6, 0\n" \
    "li s7, 0\n"

#define STORE_SUMS \
    "sw s0, 0(a7)\n" \
    "sw s1, 4(a7)\n" \
    "sw s2, 8(a7)\n" \
    "sw s3, 12(a7)\n" \
    "sw s4, 16(a7)\n" \
    "sw s5, 20(a7)\n" \
    "sw s6, 24(a7)\n" \
    "sw s7, 28(a7)\n"

/* The values of four taps. */
#define LOAD_VALUES \
    "lb s8, 0(a2)\n" \
    "lb s9, 1(a2)\n" \
    "lb s10, 2(a2)\n" \
    "lb s11, 3(a2)\n"

/*     s[8] = 0
 *     for (; x != end; x += 4, w0 += 16, w1 += 16) {
 *         if (block == 4) s += 2^15 - 128 * (1 + 2^16) * (x0 + x1 + x2 + x3) + the products of four taps
 *         else the same with each two of them
 *     }
 *     sums = s
 *
 * s0 to s7 the sums; s8 to s11 values of four taps, ra their sum, then what goes to each block; t0 and t1 weights,
 * then products, t2 and t3 a block; a0 and a1 the weights, a2 the values, a3 their end, a4 the mask, a5 2^15, a6
 * -128 * (1 + 2^16). 89 instructions for 32 products in blocks of four, 102 in blocks of two. */
void mg_dot_eight_channels(uint32_t sums[8], const uint8_t *w0, const uint8_t *w1, const int8_t *x,
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
            CLEAR_SUMS
            "beq a2, a3, 3f\n"
            "addi t4, t4, -4\n"
            "bnez t4, 2f\n"
            "1:\n" LOAD_VALUES
            "add ra, s8, s9\n"
            "add t0, s10, s11\n"
            "add ra, ra, t0\n"
            "mul ra, ra, a6\n"
            "add ra, ra, a5\n"
            BLOCK_OF_FOUR("a0", "s0", "s1", "s2", "s3")
            BLOCK_OF_FOUR("a1", "s4", "s5", "s6", "s7")
            "addi a0, a0, 16\n"
            "addi a1, a1, 16\n"
            "addi a2, a2, 4\n"
            "bne a2, a3, 1b\n"
            "j 3f\n"
            "2:\n" LOAD_VALUES
            "add ra, s8, s9\n"
            "mul ra, ra, a6\n"
            "add ra, ra, a5\n"
            BLOCK_OF_TWO("a0", 0, "s8", "s9", "s0", "s1", "s2", "s3")
            BLOCK_OF_TWO("a1", 0, "s8", "s9", "s4", "s5", "s6", "s7")
            "add ra, s10, s11\n"
            "mul ra, ra, a6\n"
            "add ra, ra, a5\n"
            BLOCK_OF_TWO("a0", 8, "s10", "s11", "s0", "s1", "s2", "s3")
            BLOCK_OF_TWO("a1", 8, "s10", "s11", "s4", "s5", "s6", "s7")
            "addi a0, a0, 16\n"
            "addi a1, a1, 16\n"
            "addi a2, a2, 4\n"
            "bne a2, a3, 2b\n"
            "3:\n"
            STORE_SUMS
            : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(t4)
            : "r"(a3), "r"(a4), "r"(a5), "r"(a6), "r"(a7)
            : "ra", "t0", "t1", "t2", "t3", "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11",
              "memory");
}

#endif
