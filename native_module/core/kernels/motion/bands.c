/* SPDX-License-Identifier: MIT
 *
 * BANDS: how much of each frequency is in each axis of a movement, int16 [samples, columns] to int16 [axes, bands].
 *
 * A frame is N samples, a multiple of 4; frames start at 0, hop, 2 * hop, ... and lie inside the samples. In each, a
 * band is filtered in quadrature about the frame's middle, with weights that hold its window, too:
 *
 *     s[m] = (x[N/2 + m] + x[N/2 - m]) >> 1,  d[m] = (x[N/2 + m] - x[N/2 - m]) >> 1,  0 <= m < N/2
 *     energy = (sum of even[m] * s[m])^2 + (sum of odd[m] * d[m])^2,  0 <= m < N/2
 *
 * and y is the base-2 logarithm, in Q6.9, of the largest energy of all frames, of the least, or of their mean: log2(sum
 * of floor(energy / 2^16)) + 16 - log2(frames), at least 0. The logarithm of 0 is 0. With the weights that the host makes,
 * Hann's window times cosine and sine, this is one bin of a discrete Fourier transform for a whole number of cycles a
 * frame. Even weights sum to zero, so that gravity leaves no trace.
 *
 * For the few short frames of a movement this takes fewer instructions than a fast Fourier transform, rounds once
 * instead of once a stage, and allows any frequency. Bounds: the check wants the sizes of a band's even weights, and
 * of its odd ones, to sum to 2^16 - 1 at most; so both sums stay below 2^31, and an energy below 2^63.
 */
#include "../kernels.h"
#include "log2.h"
#include "../../simd/simd.h"

#define MOST_FRAME 256
#define MOST_BANDS 128
enum { LARGEST, MEAN, LEAST }; /* hold */

/* Two bands are filtered at a time: their weights are stored as words of two, in the order even, odd, even, odd. */
static uint32_t weight_words(const mg_bands_params_t *p) {
    return (p->bands + 1u) / 2 * p->frame;
}

/* Largest energies or their sum [bands], weights, one frame folded. */
static uint32_t scratch_of(const mg_bands_params_t *p) {
    return (p->bands + 1u) / 2 * 16u + 4 * weight_words(p) + 2u * p->frame;
}

static bool check_weights(const mg_check_t *check) {
    const mg_bands_params_t *p = &check->params.bands;
    if (!mg_check_data(check, p->weights_at, 4 * weight_words(p))) {
        return false;
    }
    const uint8_t *weights = check->data + p->weights_at;
    for (uint32_t i = 0; i < 2u * ((p->bands + 1u) / 2 * 2u); i++) {
        const uint8_t *w = weights + i / 4 * (4u * p->frame) + 4 * (i % 4);
        uint32_t size = 0;
        for (uint32_t m = 0; m < p->frame / 4u; m++, w += 16) {
            int32_t low = mg_load_i16(w), high = mg_load_i16(w + 2);
            size += (uint32_t)(low < 0 ? -low : low) + (uint32_t)(high < 0 ? -high : high);
        }
        if (size > UINT16_MAX) {
            return MG_REFUSE(check, "weights of a band that could overflow: sum", size, UINT16_MAX);
        }
    }
    return true;
}

bool mg_bands_check(const mg_check_t *check) {
    const mg_bands_params_t *p = &check->params.bands;
    static const uint8_t DTYPES[] = {MG_INT16, MG_INT16};
    if (p->frame < 4 || p->frame > MOST_FRAME || p->frame % 4 != 0 || p->hop == 0 || p->samples < p->frame) {
        return MG_REFUSE(check, "frames that do not fit their samples: frame", p->frame, p->samples);
    }
    if (p->axes == 0 || mg_plus(p->first, p->axes) > p->columns || p->bands == 0 || p->bands > MOST_BANDS
        || p->hold > LEAST) {
        return MG_REFUSE(check, "bands of impossible axes: axes", p->axes, p->columns);
    }
    return mg_check_tensors(check, 1, 1, DTYPES) && mg_check_elements(check, 0, mg_times4(p->samples, p->columns, 1, 1))
           && mg_check_elements(check, 1, mg_times(p->axes, p->bands)) && check_weights(check)
           && mg_check_scratch(check, scratch_of(p));
}

static inline void fold_two(int32_t after, int32_t before, int16_t *folded) {
    folded[0] = (int16_t)((after + before) >> 1);
    folded[2] = (int16_t)((after - before) >> 1);
}

/* Words of two s and of two d, in turn; the first s is the middle alone, which is half of twice itself. */
static void fold(const int16_t *middle, uint32_t stride, uint32_t frame, int16_t *folded) {
    const int16_t *after = middle, *before = middle, *end = folded + frame;
    while (true) {
        fold_two(*after, *before, folded);
        after += stride;
        before -= stride;
        fold_two(*after, *before, folded + 1);
        folded += 4;
        if (folded == end) {
            return;
        }
        after += stride;
        before -= stride;
    }
}

static inline void keep(uint64_t *kept, int32_t even, int32_t odd, uint32_t hold) {
    uint64_t energy = mg_square(even) + mg_square(odd);
    if (hold == MEAN) {
        *kept += energy >> 16;
    } else if (hold == LEAST ? energy < *kept : energy > *kept) {
        *kept = energy;
    }
}

static void filter(const uint32_t *folded, const uint32_t *weights, uint32_t n, uint64_t *kept, uint32_t pairs,
                   uint32_t hold) {
    for (; pairs != 0; pairs--, kept += 2) {
        const uint32_t *x = folded, *end = folded + n;
        int32_t even0 = 0, odd0 = 0, even1 = 0, odd1 = 0;
        for (; x != end; x += 2, weights += 4) {
            uint32_t s = x[0], d = x[1];
            even0 = mg_dot2(s, weights[0], even0);
            odd0 = mg_dot2(d, weights[1], odd0);
            even1 = mg_dot2(s, weights[2], even1);
            odd1 = mg_dot2(d, weights[3], odd1);
        }
        keep(kept, even0, odd0, hold);
        keep(kept + 1, even1, odd1, hold);
    }
}

void mg_bands_run(const mg_call_t *call) {
    const mg_bands_params_t *p = &call->params.bands;
    const uint32_t pairs = (p->bands + 1u) / 2, frames = (uint32_t)(p->samples - p->frame) / p->hop + 1;
    uint64_t *kept = call->scratch;
    uint32_t *weights = (uint32_t *)(void *)(kept + 2 * pairs), *folded = weights + weight_words(p);
    const int16_t *x = (const int16_t *)call->in[0] + p->first + p->frame / 2u * p->columns;
    int16_t *out = call->out[0];
    memcpy(weights, call->data + p->weights_at, 4 * weight_words(p));
    for (uint32_t axis = 0; axis < p->axes; axis++, x++) {
        memset(kept, p->hold == LEAST ? 0xff : 0, 16 * pairs);
        for (uint32_t i = 0; i < frames; i++) {
            fold(x + i * p->hop * p->columns, p->columns, p->frame, (int16_t *)(void *)folded);
            filter(folded, weights, p->frame / 2u, kept, pairs, p->hold);
        }
        for (uint32_t i = 0; i < p->bands; i++) {
            int32_t log = mg_log2(kept[i]) + (p->hold == MEAN && kept[i] != 0 ? 16 * 512 - mg_log2(frames) : 0);
            *out++ = (int16_t)(log > 0 ? log : 0);
        }
    }
}
