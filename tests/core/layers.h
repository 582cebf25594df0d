/* SPDX-License-Identifier: MIT
 *
 * What the tests of random layers share: draws, and the comparison with a kernel written the slow way, an index at a
 * time, in 64 bits, from the formula at the head of each kernel. core.mk runs them once for each backend of simd/ and
 * compares their outputs, too.
 */
#ifndef MG_LAYERS_H
#define MG_LAYERS_H

#include <string.h>

#include "check.h"

static inline int32_t clamp(int64_t x, int32_t low, int32_t high) {
    return x < low ? low : x > high ? high : (int32_t)x;
}

static inline int32_t at_most(int32_t a, int32_t b) {
    return a < b ? a : b;
}

static inline int32_t at_least(int32_t a, int32_t b) {
    return a > b ? a : b;
}

static inline int32_t random_multiplier(void) {
    return random_u32() % 16 == 0 ? (int32_t)(random_u32() >> 1) : (1 << 30) | (int32_t)(random_u32() >> 2);
}

static inline void compare(const int8_t *wanted, const layer_run_t *run, const char *what, uint32_t round) {
    for (uint32_t i = 0; i < run->output_size; i++) {
        int8_t got = ((const int8_t *)run->output)[i];
        if (!CHECK(got == wanted[i], "%s %u: output %u is %d, wanted %d", what, round, i, got, wanted[i])) {
            return;
        }
    }
}

/* One axis of a window: sizes that the validator accepts. */
typedef struct {
    uint16_t in, out, kernel, stride, dilation, pad;
} axis_t;

static inline axis_t random_axis(bool dilated) {
    axis_t a;
    a.in = (uint16_t)random_between(1, 9);
    a.kernel = (uint16_t)random_between(1, 4);
    a.stride = (uint16_t)random_between(1, 3);
    a.dilation = (uint16_t)(dilated ? at_most(1, random_between(0, 3)) * random_between(1, 3) : 1);
    a.dilation = a.dilation == 0 ? 1 : a.dilation;
    a.pad = (uint16_t)random_between(0, (a.kernel - 1) * a.dilation);
    a.out = (uint16_t)random_between(1, (a.in + a.pad - 1) / a.stride + 1);
    return a;
}

/* A convolution of a few pixels and channels that the validator accepts, but for where its constants are. */
mg_conv_params_t random_convolution(bool depthwise, uint32_t round);

#endif
