/* SPDX-License-Identifier: MIT
 *
 * Helium (MVE) of Cortex-M55 and M85: vectors of 16 bytes. These cores have the DSP instructions, too, so
 * that everything else is armv7em.h's. Constants of a file may lie at any address: they are loaded as
 * bytes, which need no alignment.
 *
 * VMLADAVA.S8 adds 16 products of bytes to a core register, an even one. Source: Armv8-M Architecture
 * Reference Manual, MVE.
 */
#include <arm_mve.h>

#undef MG_SIMD_NAME
#define MG_SIMD_NAME "helium"

typedef int32x4_t mg_four_t;

static inline mg_four_t mg_load_four(const uint8_t *p) {
    return vreinterpretq_s32_u8(vldrbq_u8(p));
}

static inline void mg_copy_rows(int8_t *to, uint32_t to_step, const int8_t *from, uint32_t from_step, uint32_t n,
                                uint32_t rows) {
    if (n <= 16) {
        mve_pred16_t lanes = vctp8q(n);
        for (; rows != 0; rows--, to += to_step, from += from_step) {
            vstrbq_p_s8(to, vldrbq_z_s8(from, lanes), lanes);
        }
        return;
    }
    for (; rows != 0; rows--, to += to_step, from += from_step) {
        int8_t *t = to;
        const int8_t *f = from;
        __asm__ volatile("dlstp.8 lr, %2\n"
                         "1:\n"
                         "vldrb.8 q0, [%1], #16\n"
                         "vstrb.8 q0, [%0], #16\n"
                         "letp lr, 1b\n"
                         : "+r"(t), "+r"(f)
                         : "r"(n)
                         : "lr", "q0", "memory");
    }
}

/* r0 r2 r4 r6 the sums, q0 values, q1-q3 weights. Ten instructions for 64 products. */
static inline mg_four_t mg_rows_4x1(const int8_t *w, const int8_t *x, uint32_t blocks) {
    register mg_four_t sums __asm__("q0");
    __asm__ volatile("mov r0, #0\n mov r2, #0\n mov r4, #0\n mov r6, #0\n"
                     "dls lr, %[blocks]\n"
                     "1:\n"
                     "vldrb.8 q0, [%[x]], #16\n"
                     "vldrb.8 q1, [%[w]], #16\n"
                     "vmladava.s8 r0, q0, q1\n"
                     "vldrb.8 q2, [%[w]], #16\n"
                     "vmladava.s8 r2, q0, q2\n"
                     "vldrb.8 q3, [%[w]], #16\n"
                     "vmladava.s8 r4, q0, q3\n"
                     "vldrb.8 q1, [%[w]], #16\n"
                     "vmladava.s8 r6, q0, q1\n"
                     "le lr, 1b\n"
                     "vmov q0[2], q0[0], r0, r4\n"
                     "vmov q0[3], q0[1], r2, r6\n"
                     : [x] "+r"(x), [w] "+r"(w), "=w"(sums)
                     : [blocks] "r"(blocks)
                     : "r0", "r2", "r4", "r6", "lr", "q1", "q2", "q3", "cc", "memory");
    return sums;
}

/* r0 r4 r8 r12 the sums of pixel 0, r2 r6 r10 lr those of pixel 1; q0, q1 their values, q2, q3 weights.
 * Sixteen instructions for 128 products: all even registers are sums, so that none is left for LE. */
static inline void mg_rows_4x2(mg_four_t sums[2], const int8_t *w, const int8_t *x0, const int8_t *x1,
                               uint32_t blocks) {
    register const int8_t *p0 __asm__("r1") = x0;
    register const int8_t *p1 __asm__("r3") = x1;
    register const int8_t *weights __asm__("r5") = w;
    register uint32_t left __asm__("r9") = blocks;
    register mg_four_t a __asm__("q0");
    register mg_four_t b __asm__("q1");
#define MG_ROWS_4X2(mac) \
    "vldrb.8 q0, [r1], #16\n" \
    "vldrb.8 q2, [r5], #16\n" mac " r0, q0, q2\n" \
    "vldrb.8 q1, [r3], #16\n" mac " r2, q1, q2\n" \
    "vldrb.8 q3, [r5], #16\n" mac " r4, q0, q3\n" mac " r6, q1, q3\n" \
    "vldrb.8 q2, [r5], #16\n" mac " r8, q0, q2\n" mac " r10, q1, q2\n" \
    "vldrb.8 q3, [r5], #16\n" mac " r12, q0, q3\n" mac " lr, q1, q3\n"
    __asm__ volatile(MG_ROWS_4X2("vmladav.s8")
                     "subs r9, #1\n"
                     "beq 2f\n"
                     "1:\n" MG_ROWS_4X2("vmladava.s8")
                     "subs r9, #1\n"
                     "bne 1b\n"
                     "2:\n"
                     "vmov q0[2], q0[0], r0, r8\n"
                     "vmov q0[3], q0[1], r4, r12\n"
                     "vmov q1[2], q1[0], r2, r10\n"
                     "vmov q1[3], q1[1], r6, lr\n"
                     : "+r"(p0), "+r"(p1), "+r"(weights), "+r"(left), "=w"(a), "=w"(b)
                     :
                     : "r0", "r2", "r4", "r6", "r8", "r10", "r12", "lr", "q2", "q3", "cc", "memory");
#undef MG_ROWS_4X2
    sums[0] = a;
    sums[1] = b;
}

/* Bias, first rounding, second rounding of four sums (mg_requantize_four); q4, q5 are free. */
#define MG_REQUANTIZE(sums) \
    "vldrb.8 q4, [%[table]], #16\n" \
    "vadd.i32 " sums ", " sums ", q4\n" \
    "vldrb.8 q4, [%[table]], #16\n" \
    "vqrdmulh.s32 " sums ", " sums ", q4\n" \
    "vldrb.8 q4, [%[table]], #16\n" \
    "vshr.s32 q5, " sums ", #31\n" \
    "vadd.i32 " sums ", " sums ", q5\n" \
    "vrshl.s32 " sums ", " sums ", q4\n"

/* q0-q3 the sums: bytes 0 4 8 12, then 2 6 10 14, 1 5 9 13, 3 7 11 15; q4-q7 values, weights, products.
 * Two products are added in 16 bits, in which they fit, before they are widened. */
static inline void mg_lanes(int8_t *out, const int8_t *x, const int32_t *offsets, const int8_t *w, uint32_t pairs,
                            const uint8_t *table, const mg_range_t *range, uint32_t n) {
    uint32_t at, next;
    __asm__ volatile("ldr %[at], [%[offsets]], #4\n"
                     "add %[at], %[x]\n"
                     "vldrb.8 q4, [%[at]]\n"
                     "vldrb.8 q5, [%[w]], #16\n"
                     "vmullb.s8 q6, q4, q5\n"
                     "vmullt.s8 q4, q4, q5\n"
                     "vmovlb.s16 q0, q6\n"
                     "vmovlt.s16 q1, q6\n"
                     "vmovlb.s16 q2, q4\n"
                     "vmovlt.s16 q3, q4\n"
                     "wls lr, %[pairs], 2f\n"
                     "1:\n"
                     "ldrd %[at], %[next], [%[offsets]], #8\n"
                     "add %[at], %[x]\n"
                     "add %[next], %[x]\n"
                     "vldrb.8 q4, [%[at]]\n"
                     "vldrb.8 q5, [%[w]], #16\n"
                     "vmullb.s8 q6, q4, q5\n"
                     "vmullt.s8 q4, q4, q5\n"
                     "vldrb.8 q5, [%[next]]\n"
                     "vldrb.8 q7, [%[w]]\n"
                     "vmullb.s8 q7, q5, q7\n"
                     "vadd.i16 q6, q6, q7\n"
                     "vldrb.8 q7, [%[w]], #16\n"
                     "vmullt.s8 q7, q5, q7\n"
                     "vadd.i16 q4, q4, q7\n"
                     "vmovlb.s16 q5, q6\n"
                     "vadd.i32 q0, q0, q5\n"
                     "vmovlt.s16 q6, q6\n"
                     "vadd.i32 q1, q1, q6\n"
                     "vmovlb.s16 q5, q4\n"
                     "vadd.i32 q2, q2, q5\n"
                     "vmovlt.s16 q4, q4\n"
                     "vadd.i32 q3, q3, q4\n"
                     "le lr, 1b\n"
                     "2:\n" /* narrowing twice puts the lanes back in order */
                     MG_REQUANTIZE("q0") MG_REQUANTIZE("q1") MG_REQUANTIZE("q2") MG_REQUANTIZE("q3")
                     "ldrd %[at], %[next], [%[range], #4]\n"
                     "vqmovnb.s32 q0, q0\n"
                     "vdup.8 q6, %[at]\n"
                     "ldr %[at], [%[range]]\n"
                     "vqmovnt.s32 q0, q1\n"
                     "vqmovnb.s32 q2, q2\n"
                     "vqmovnt.s32 q2, q3\n"
                     "vqadd.s16 q0, q0, %[at]\n"
                     "vdup.8 q7, %[next]\n"
                     "vqadd.s16 q2, q2, %[at]\n"
                     "vqmovnb.s16 q0, q0\n"
                     "vqmovnt.s16 q0, q2\n"
                     "vmax.s8 q0, q0, q6\n"
                     "vmin.s8 q0, q0, q7\n"
                     "vctp.8 %[n]\n"
                     "vpst\n"
                     "vstrbt.8 q0, [%[out]]\n"
                     : [w] "+r"(w), [offsets] "+r"(offsets), [table] "+r"(table), [at] "=&r"(at), [next] "=&r"(next)
                     : [x] "r"(x), [pairs] "r"(pairs), [out] "r"(out), [range] "r"(range), [n] "r"(n)
                     : "lr", "q0", "q1", "q2", "q3", "q4", "q5", "q6", "q7", "memory");
}
#undef MG_REQUANTIZE

/* VQRDMULH is the first rounding; the second one, VRSHL, rounds halves up: taking 1 off where the value is
 * negative makes it round them away from zero. */
static inline mg_four_t mg_requantize_four(mg_four_t sums, const mg_four_t table[3]) {
    mg_four_t high = vqrdmulhq_s32(vaddq_s32(sums, table[0]), table[1]);
    return vrshlq_s32(vaddq_s32(high, vshrq_n_s32(high, 31)), table[2]);
}

static inline void mg_store_four(int8_t *out, mg_four_t values, const mg_range_t *range, uint32_t n) {
    values = vaddq_n_s32(values, range->zero_point);
    values = vminq_s32(vmaxq_s32(values, vdupq_n_s32(range->min)), vdupq_n_s32(range->max));
    if (n >= 4) {
        vstrbq_s32(out, values);
    } else {
        vstrbq_p_s32(out, values, vctp32q(n));
    }
}
