/* SPDX-License-Identifier: MIT
 *
 * ADD in vectors. Inline, so that it is compiled for speed with its kernel.
 */
#include <arm_mve.h>

/* One multiplication and two roundings, for a shift of 0 to -31; `fix` is -1 where it is not 0. */
static inline int32x4_t mg_scale(int32x4_t x, int32_t multiplier, int32_t shift, int32x4_t fix) {
    int32x4_t high = vqrdmulhq_n_s32(x, multiplier);
    return vrshlq_n_s32(vaddq_s32(high, vandq_s32(vshrq_n_s32(high, 31), fix)), shift);
}

static inline uint32_t mg_add_scaled(int8_t *out, const int8_t *a, const int8_t *b, uint32_t n,
                                     const mg_scaling_t scale[3], const mg_range_t *range) {
    const mg_scaling_t of_a = scale[0], of_b = scale[1], of_sum = scale[2]; /* which `out` cannot alias */
    const int32_t zero_point = range->zero_point;
    if (of_a.shift > 0 || of_b.shift > 0 || of_sum.shift > 0) {
        return 0;
    }
    const int32x4_t a_fix = vdupq_n_s32(-(of_a.shift != 0)), b_fix = vdupq_n_s32(-(of_b.shift != 0));
    const int32x4_t fix = vdupq_n_s32(-(of_sum.shift != 0));
    const int32x4_t low = vdupq_n_s32(range->min), high = vdupq_n_s32(range->max);
    for (uint32_t left = n / 4; left != 0; left--, a += 4, b += 4, out += 4) {
        int32x4_t x = vshlq_n_s32(vsubq_n_s32(vldrbq_s32(a), of_a.zero_point), 20);
        int32x4_t y = vshlq_n_s32(vsubq_n_s32(vldrbq_s32(b), of_b.zero_point), 20);
        x = vaddq_s32(mg_scale(x, of_a.multiplier, of_a.shift, a_fix),
                      mg_scale(y, of_b.multiplier, of_b.shift, b_fix));
        x = vaddq_n_s32(mg_scale(x, of_sum.multiplier, of_sum.shift, fix), zero_point);
        vstrbq_s32(out, vminq_s32(vmaxq_s32(x, low), high));
    }
    return n & ~3u;
}
