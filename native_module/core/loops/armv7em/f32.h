/* SPDX-License-Identifier: MIT
 *
 * The loops of float32 on the FPU of Cortex-M4 and its successors. VLDM takes four taps at a time, and two pixels share
 * those of four channels; no sum waits for the one before.
 */
#define MG_ONE_TAP(y, x, w, sum) \
    "vmul.f32 " y ", " x ", " w "\n" \
    "vadd.f32 " sum ", " sum ", " y "\n"
#define MG_TWO_TAPS(x0, x1, w, sum0, sum1) \
    "vmul.f32 s12, " x0 ", " w "\n" \
    "vmul.f32 s13, " x1 ", " w "\n" \
    "vadd.f32 " sum0 ", " sum0 ", s12\n" \
    "vadd.f32 " sum1 ", " sum1 ", s13\n"

#define MG_FOUR_OF_ONE(w, sum) \
    "vldmia " w "!, {s8-s11}\n" MG_ONE_TAP("s12", "s0", "s8", sum) MG_ONE_TAP("s13", "s1", "s9", sum) \
        MG_ONE_TAP("s12", "s2", "s10", sum) MG_ONE_TAP("s13", "s3", "s11", sum)
#define MG_FOUR_OF_TWO(w, sum0, sum1) \
    "vldmia " w "!, {s8-s11}\n" MG_TWO_TAPS("s0", "s4", "s8", sum0, sum1) MG_TWO_TAPS("s1", "s5", "s9", sum0, sum1) \
        MG_TWO_TAPS("s2", "s6", "s10", sum0, sum1) MG_TWO_TAPS("s3", "s7", "s11", sum0, sum1)

/* Four taps at a time of all four channels, and then the rest one by one. */
#define MG_TAPS(load_four, four, load_one, one) \
    "subs %[n], %[n], #4\n" \
    "blt 2f\n" \
    "1:\n" load_four \
    four("%[w0]", "s16", "s20") four("%[w1]", "s17", "s21") four("%[w2]", "s18", "s22") four("%[w3]", "s19", "s23") \
    "subs %[n], %[n], #4\n" \
    "bge 1b\n" \
    "2:\n" \
    "adds %[n], %[n], #4\n" \
    "beq 4f\n" \
    "3:\n" load_one \
    one("%[w0]", "s16", "s20") one("%[w1]", "s17", "s21") one("%[w2]", "s18", "s22") one("%[w3]", "s19", "s23") \
    "subs %[n], %[n], #1\n" \
    "bne 3b\n" \
    "4:\n"

#define MG_FOUR_1(w, sum, other) MG_FOUR_OF_ONE(w, sum)
#define MG_LAST_1(w, sum, other) "vldmia " w "!, {s8}\n" MG_ONE_TAP("s12", "s0", "s8", sum)
#define MG_LAST_2(w, sum0, sum1) "vldmia " w "!, {s8}\n" MG_TWO_TAPS("s0", "s4", "s8", sum0, sum1)

/* One pixel or two. */
static inline void mg_dot_f32_pixels(float *sums, const mg_f32_tile_t *tile, uint32_t pixels) {
    const float *x0 = tile->x, *x1 = x0 + tile->x_step;
    const float *w0 = tile->w, *w1 = w0 + tile->w_step, *w2 = w1 + tile->w_step, *w3 = w2 + tile->w_step;
    float *other = sums + tile->sums_step;
    uint32_t n = tile->taps;
    if (pixels == 2) {
        __asm__ volatile("vldmia %[sums], {s16-s19}\n"
                         "vldmia %[other], {s20-s23}\n"
                         MG_TAPS("vldmia %[x0]!, {s0-s3}\nvldmia %[x1]!, {s4-s7}\n", MG_FOUR_OF_TWO,
                                 "vldmia %[x0]!, {s0}\nvldmia %[x1]!, {s4}\n", MG_LAST_2)
                         "vstmia %[sums], {s16-s19}\n"
                         "vstmia %[other], {s20-s23}\n"
                         : [x0] "+r"(x0), [x1] "+r"(x1), [w0] "+r"(w0), [w1] "+r"(w1), [w2] "+r"(w2), [w3] "+r"(w3),
                           [n] "+r"(n)
                         : [sums] "r"(sums), [other] "r"(other)
                         : "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "s12", "s13",
                           "s16", "s17", "s18", "s19", "s20", "s21", "s22", "s23", "cc", "memory");
    } else {
        __asm__ volatile("vldmia %[sums], {s16-s19}\n"
                         MG_TAPS("vldmia %[x0]!, {s0-s3}\n", MG_FOUR_1, "vldmia %[x0]!, {s0}\n", MG_LAST_1)
                         "vstmia %[sums], {s16-s19}\n"
                         : [x0] "+r"(x0), [w0] "+r"(w0), [w1] "+r"(w1), [w2] "+r"(w2), [w3] "+r"(w3), [n] "+r"(n)
                         : [sums] "r"(sums)
                         : "s0", "s1", "s2", "s3", "s8", "s9", "s10", "s11", "s12", "s13", "s16", "s17", "s18", "s19",
                           "cc", "memory");
    }
}

#ifdef MG_ISA_MVE
#include "../mve/f32.h"
#else
#ifdef __OPTIMIZE_SIZE__ /* native modules, which are in RAM */
#define MG_F32_TILE 1u
#else
#define MG_F32_TILE 2u
#endif

static inline void mg_dot_f32_tile(float *sums, const mg_f32_tile_t *tile, uint32_t pixels) {
    mg_dot_f32_pixels(sums, tile, MG_F32_TILE == 1 ? 1 : pixels);
}
#endif

#define MG_PRODUCT(x, w) "vmul.f32 " w ", " x ", " w "\n"
#define MG_SUM(sum, product) "vadd.f32 " sum ", " sum ", " product "\n"

static inline uint32_t mg_add_products_f32(float *sums, const mg_f32_tile_t *tile, uint32_t channels) {
    uint32_t done = 0;
    for (; done + 8 <= channels; done += 8, sums += 8) {
        const float *xi = tile->x + done, *wi = tile->w + done;
        uint32_t n = tile->taps;
        __asm__ volatile("vldmia %[sums], {s16-s23}\n"
                         "1:\n"
                         "vldmia %[x], {s0-s7}\n"
                         "vldmia %[w], {s8-s15}\n"
                         "add %[x], %[x], %[x_step]\n"
                         "add %[w], %[w], %[w_step]\n"
                         "subs %[n], %[n], #1\n"
                         MG_PRODUCT("s0", "s8") MG_PRODUCT("s1", "s9") MG_PRODUCT("s2", "s10") MG_PRODUCT("s3", "s11")
                         MG_PRODUCT("s4", "s12") MG_PRODUCT("s5", "s13") MG_PRODUCT("s6", "s14") MG_PRODUCT("s7", "s15")
                         MG_SUM("s16", "s8") MG_SUM("s17", "s9") MG_SUM("s18", "s10") MG_SUM("s19", "s11")
                         MG_SUM("s20", "s12") MG_SUM("s21", "s13") MG_SUM("s22", "s14") MG_SUM("s23", "s15")
                         "bne 1b\n"
                         "vstmia %[sums], {s16-s23}\n"
                         : [x] "+r"(xi), [w] "+r"(wi), [n] "+r"(n)
                         : [sums] "r"(sums), [x_step] "r"(4 * tile->x_step), [w_step] "r"(4 * tile->w_step)
                         : "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "s12", "s13",
                           "s14", "s15", "s16", "s17", "s18", "s19", "s20", "s21", "s22", "s23", "cc", "memory");
    }
    return done;
}
