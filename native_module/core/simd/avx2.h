/* SPDX-License-Identifier: MIT
 *
 * x86-64 with vectors of 32 bytes (AVX2): PCs. VPMADDWD adds 16 products of int16 to eight sums of two.
 */
#include <immintrin.h>

#define MG_SIMD_NAME "avx2"
#define MG_EIGHTS

#include "scalar.h"

/* 16 int8 as int16. */
static inline __m256i mg_widen16(const int8_t *x) {
    return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)x));
}

static inline __m256i mg_load_eight_i32(const void *p) {
    return _mm256_loadu_si256((const __m256i *)p);
}

/* The sums of the lanes of eight vectors, in one. */
static inline __m256i mg_sum_lanes(const __m256i v[8]) {
    __m256i low = _mm256_hadd_epi32(_mm256_hadd_epi32(v[0], v[1]), _mm256_hadd_epi32(v[2], v[3]));
    __m256i high = _mm256_hadd_epi32(_mm256_hadd_epi32(v[4], v[5]), _mm256_hadd_epi32(v[6], v[7]));
    return _mm256_add_epi32(_mm256_permute2x128_si256(low, high, 0x20), _mm256_permute2x128_si256(low, high, 0x31));
}

/* Which of 16 taps count: the last `n` are a block's own, those before it were in the block before. */
static inline __m256i mg_last_of_16(uint32_t n) {
    const __m128i order = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    return _mm256_cvtepi8_epi16(_mm_cmpgt_epi8(order, _mm_set1_epi8((char)(15 - (int32_t)n))));
}

static inline void mg_dot_eight(int32_t sums[8], const int8_t *x, const int8_t *w, uint32_t k) {
    __m256i v[8];
    for (uint32_t c = 0; c < 8; c++) {
        v[c] = _mm256_setzero_si256();
    }
    uint32_t i = 0;
    for (; i + 16 <= k; i += 16) {
        const __m256i values = mg_widen16(x + i);
        for (uint32_t c = 0; c < 8; c++) {
            v[c] = _mm256_add_epi32(v[c], _mm256_madd_epi16(values, mg_widen16(w + c * k + i)));
        }
    }
    if (i != k) {
        const __m256i values = _mm256_and_si256(mg_widen16(x + k - 16), mg_last_of_16(k - i));
        for (uint32_t c = 0; c < 8; c++) {
            v[c] = _mm256_add_epi32(v[c], _mm256_madd_epi16(values, mg_widen16(w + c * k + k - 16)));
        }
    }
    _mm256_storeu_si256((__m256i *)(void *)sums, mg_sum_lanes(v));
}

/* SQRDMULH: bits 31 to 62 of the products with half of 2^31 added, of the even lanes and of the odd ones. */
static inline __m256i mg_high_mul_eight(__m256i x, __m256i multiplier) {
    const __m256i half = _mm256_set1_epi64x(1 << 30);
    __m256i even = _mm256_add_epi64(_mm256_mul_epi32(x, multiplier), half);
    __m256i odd = _mm256_mul_epi32(_mm256_srli_epi64(x, 32), _mm256_srli_epi64(multiplier, 32));
    odd = _mm256_add_epi64(odd, half);
    return _mm256_blend_epi32(_mm256_srli_epi64(even, 31), _mm256_slli_epi64(odd, 1), 0xaa);
}

/* x / 2^n of each lane, halves away from zero, for any n of 0 to 31. */
static inline __m256i mg_rounding_shift_eight(__m256i x, __m256i n) {
    const __m256i one = _mm256_set1_epi32(1);
    __m256i mask = _mm256_sub_epi32(_mm256_sllv_epi32(one, n), one);
    __m256i threshold = _mm256_sub_epi32(_mm256_srli_epi32(mask, 1), _mm256_srai_epi32(x, 31));
    __m256i up = _mm256_cmpgt_epi32(_mm256_and_si256(x, mask), threshold);
    return _mm256_sub_epi32(_mm256_srav_epi32(x, n), up);
}

static inline void mg_finish_eight(int8_t *out, uint32_t out_step, const int32_t *sums, uint32_t sums_step, uint32_t n,
                                   const mg_eight_t *c) {
    const __m256i zero = _mm256_setzero_si256(), zero_point = _mm256_set1_epi32(c->zero_point);
    const __m256i min = _mm256_set1_epi32(c->min), max = _mm256_set1_epi32(c->max);
    const __m256i shift = _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)c->shift));
    const __m256i left = _mm256_max_epi32(shift, zero), right = _mm256_max_epi32(_mm256_sub_epi32(zero, shift), zero);
    const __m256i bias = mg_load_eight_i32(c->bias), multiplier = mg_load_eight_i32(c->multiplier);
    for (; n != 0; n--, sums += sums_step, out += out_step) {
        __m256i x = _mm256_sllv_epi32(_mm256_add_epi32(mg_load_eight_i32(sums), bias), left);
        x = mg_rounding_shift_eight(mg_high_mul_eight(x, multiplier), right);
        x = _mm256_max_epi32(_mm256_min_epi32(_mm256_add_epi32(x, zero_point), max), min);
        __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
        _mm_storel_epi64((__m128i *)(void *)out, _mm_packs_epi16(words, words));
    }
}
