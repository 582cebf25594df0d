/* SPDX-License-Identifier: MIT
 *
 * AArch64, whose vectors every such core has: PCs. SQRDMULH of arithmetic/requantize.h is an instruction.
 */
#include <arm_neon.h>

#define MG_SIMD_NAME "neon"
#define MG_EIGHTS

#include "scalar.h"

static inline void mg_dot_eight(int32_t sums[8], const int8_t *x, const int8_t *w, uint32_t k) {
    const int8x16_t order = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    int32x4_t v[8];
    for (uint32_t c = 0; c < 8; c++) {
        v[c] = vdupq_n_s32(0);
    }
    for (uint32_t i = 0; i < k; i += 16) {
        uint32_t at = k - i < 16 ? k - 16 : i; /* the last block's first taps may have been in the one before */
        const uint8x16_t own = vcgeq_s8(order, vdupq_n_s8((int8_t)(i - at)));
        const int8x16_t values = vandq_s8(vld1q_s8(x + at), vreinterpretq_s8_u8(own));
        for (uint32_t c = 0; c < 8; c++) {
            const int8x16_t weights = vld1q_s8(w + c * k + at);
            v[c] = vpadalq_s16(v[c], vmull_s8(vget_low_s8(values), vget_low_s8(weights)));
            v[c] = vpadalq_s16(v[c], vmull_high_s8(values, weights));
        }
    }
    vst1q_s32(sums, vpaddq_s32(vpaddq_s32(v[0], v[1]), vpaddq_s32(v[2], v[3])));
    vst1q_s32(sums + 4, vpaddq_s32(vpaddq_s32(v[4], v[5]), vpaddq_s32(v[6], v[7])));
}

/* Four of them. VRSHL rounds halves up: what is negative and will be shifted is made less by 1 before. Sums of files that
 * were made to have it so may wrap with their bias. */
static inline int16x4_t mg_finish_four(int32x4_t x, int32x4_t shift, const mg_eight_t *c, uint32_t first) {
    const int32x4_t zero = vdupq_n_s32(0);
    int32x4_t right = vminq_s32(shift, zero);
    x = vreinterpretq_s32_u32(vaddq_u32(vreinterpretq_u32_s32(x), vreinterpretq_u32_u8(vld1q_u8(c->bias + 4 * first))));
    x = vshlq_s32(x, vmaxq_s32(shift, zero));
    x = vqrdmulhq_s32(x, vreinterpretq_s32_u8(vld1q_u8(c->multiplier + 4 * first)));
    x = vrshlq_s32(vqaddq_s32(x, vshrq_n_s32(vandq_s32(x, right), 31)), right);
    x = vaddq_s32(x, vdupq_n_s32(c->zero_point));
    return vmovn_s32(vmaxq_s32(vminq_s32(x, vdupq_n_s32(c->max)), vdupq_n_s32(c->min)));
}

static inline void mg_finish_eight(int8_t *out, uint32_t out_step, const int32_t *sums, uint32_t sums_step, uint32_t n,
                                   const mg_eight_t *c) {
    const int16x8_t shift = vmovl_s8(vld1_s8((const int8_t *)c->shift));
    for (; n != 0; n--, sums += sums_step, out += out_step) {
        int16x4_t low = mg_finish_four(vld1q_s32(sums), vmovl_s16(vget_low_s16(shift)), c, 0);
        int16x4_t high = mg_finish_four(vld1q_s32(sums + 4), vmovl_high_s16(shift), c, 4);
        vst1_s8(out, vmovn_s16(vcombine_s16(low, high)));
    }
}
