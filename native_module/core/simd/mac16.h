/* SPDX-License-Identifier: MIT
 *
 * Xtensa with MAC16 and an FPU. Assembly has the sums of products, which are long enough to be called
 * (loops/xtensa/mac16_dot.c, mac16_f32.c); the rest is plain C.
 */
#define MG_SIMD_NAME "mac16"
#define MG_OWN_DOT
#define MG_OWN_DOT4

int32_t mg_dot(const int8_t *x, const int8_t *w, uint32_t k);

static inline void mg_dot4(int32_t sums[4], const int8_t *x, const int8_t *w, uint32_t k) {
    for (uint32_t i = 0; i < 4; i++, w += k) {
        sums[i] = mg_dot(x, w, k);
    }
}

/* mg_dot_f32 where w is at a multiple of four. */
float mg_dot_f32_words(float sum, const float *x, const uint8_t *w, uint32_t k);

#include "scalar.h"
