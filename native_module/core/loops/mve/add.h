/* SPDX-License-Identifier: MIT
 *
 * ADD in vectors. Inline, so that it is compiled for speed with its kernel.
 */
#include <arm_mve.h>

static inline void mg_add_neighbours(int8_t *out, const int8_t *a, const int8_t *b, uint32_t n, const mg_line_t *line,
                                     mg_exact_fn exact, const void *params) {
    const mg_line_t of = *line; /* which no output can be part of */
    const int32x4_t start = vdupq_n_s32(of.start), far = vdupq_n_s32(of.far);
    const int32x4_t low = vdupq_n_s32(INT8_MIN), high = vdupq_n_s32(INT8_MAX);
    for (; n >= 4; n -= 4, a += 4, b += 4, out += 4) {
        int32x4_t sum = vmlaq_n_s32(vmlaq_n_s32(start, vldrbq_s32(a), of.of_a), vldrbq_s32(b), of.of_b);
        if (vcmpeqq_n_s32(vandq_s32(sum, far), 0) != 0) {
            for (uint32_t i = 0; i < 4; i++) {
                out[i] = (int8_t)exact(params, a[i], b[i]);
            }
        } else {
            vstrbq_s32(out, vminq_s32(vmaxq_s32(vshlq_r_s32(sum, -(int32_t)of.bits), low), high));
        }
    }
    mg_add_steps(out, a, 1, b, 1, n, line, exact, params);
}
