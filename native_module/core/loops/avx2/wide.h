/* SPDX-License-Identifier: MIT
 *
 * The loops of PCs (loops.h) with AVX2: a vector holds two taps of eight channels.
 */

#define MG_WIDE_AT(tap, c) (((tap) / 2 * 16 + (c)) * 2 + (tap) % 2)

static inline __m256i mg_load_wide(const void *p) {
    return _mm256_loadu_si256((const __m256i *)p);
}

/* Pairs of taps are moved as one number. */
static inline void mg_wide_pack(int16_t *to, const int8_t *w, uint32_t k, uint32_t n) {
    for (uint32_t c = 0; c < n; c++, w += k, to += 2) {
        uint32_t i = 0;
        for (; i + 2 <= k; i += 2) {
            const uint32_t pair = (uint16_t)w[i] | (uint32_t)w[i + 1] << 16;
            memcpy(to + 16 * i, &pair, sizeof pair);
        }
        if (i != k) {
            to[16 * i] = w[i];
        }
    }
}

static inline void mg_wide_tile(int32_t sums[MG_WIDE_PIXELS][16], const int16_t *x, uint32_t x_step, const int16_t *w,
                                uint32_t pairs) {
    __m256i v[MG_WIDE_PIXELS][2];
    for (uint32_t p = 0; p < MG_WIDE_PIXELS; p++) {
        v[p][0] = v[p][1] = _mm256_setzero_si256();
    }
    for (; pairs != 0; pairs--, x += 2, w += 32) {
        const __m256i low = mg_load_wide(w), high = mg_load_wide(w + 16);
        for (uint32_t p = 0; p < MG_WIDE_PIXELS; p++) {
            int32_t pair;
            memcpy(&pair, x + p * x_step, sizeof pair);
            const __m256i both = _mm256_set1_epi32(pair);
            v[p][0] = _mm256_add_epi32(v[p][0], _mm256_madd_epi16(both, low));
            v[p][1] = _mm256_add_epi32(v[p][1], _mm256_madd_epi16(both, high));
        }
    }
    for (uint32_t p = 0; p < MG_WIDE_PIXELS; p++) {
        _mm256_storeu_si256((__m256i *)(void *)sums[p], v[p][0]);
        _mm256_storeu_si256((__m256i *)(void *)(sums[p] + 8), v[p][1]);
    }
}

static inline __m128i mg_load_eight(const int8_t *x) {
    return _mm_loadl_epi64((const __m128i *)(const void *)x);
}

static inline void mg_wide_window(int32_t sums[MG_WIDE_PIXELS][16], const int8_t *const *x, uint32_t c, const int16_t *w,
                                  uint32_t pairs) {
    __m256i v[MG_WIDE_PIXELS];
    for (uint32_t p = 0; p < MG_WIDE_PIXELS; p++) {
        v[p] = _mm256_setzero_si256();
    }
    for (; pairs != 0; pairs--, x += 2 * MG_WIDE_PIXELS, w += 32) {
        const __m256i weights = mg_load_wide(w);
        for (uint32_t p = 0; p < MG_WIDE_PIXELS; p++) {
            const __m128i first = mg_load_eight(x[p] + c), second = mg_load_eight(x[MG_WIDE_PIXELS + p] + c);
            const __m256i both = _mm256_cvtepi8_epi16(_mm_unpacklo_epi8(first, second));
            v[p] = _mm256_add_epi32(v[p], _mm256_madd_epi16(both, weights));
        }
    }
    for (uint32_t p = 0; p < MG_WIDE_PIXELS; p++) {
        _mm256_storeu_si256((__m256i *)(void *)sums[p], v[p]);
    }
}
