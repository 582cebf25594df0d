/* SPDX-License-Identifier: MIT
 *
 * The loops of layout `swar_pixels` in plain C. The header of a core with something better defines MG_OWN_... of it.
 * Sums wrap on purpose.
 */

#ifndef MG_OWN_EXPAND
static inline void mg_expand(int32_t *words, const int8_t *bytes, uint32_t n) {
    for (const int8_t *end = bytes + n; bytes != end; bytes += 8, words += 8) {
#pragma GCC unroll 8
        for (uint32_t i = 0; i < 8; i++) {
            words[i] = bytes[i];
        }
    }
}
#endif

static inline void mg_pair_up(int32_t *words, const int8_t *a, const int8_t *b, uint32_t k) {
#pragma GCC unroll 4
    for (uint32_t i = 0; i < k; i++) {
        words[i] = a[i] + b[i] * 65536;
    }
}

/* Products of a weight and a pair, added to the two sums of a channel. */
static inline void mg_add_block(uint32_t sums[2], uint32_t products) {
    products += 0x8000u;
    sums[0] += products;
    sums[1] += (uint32_t)((int32_t)products >> 16);
}

static inline uint32_t mg_product(int32_t w, int32_t x) {
    return (uint32_t)w * (uint32_t)x;
}

#ifndef MG_OWN_WORDS
static inline void mg_dot_words(uint32_t sums[4], const int32_t *w, const int32_t *x, uint32_t n) {
    uint32_t first[2] = {sums[0], sums[1]}, second[2] = {sums[2], sums[3]}; /* in registers, unlike sums */
    const int32_t *end = x + 4 * n;
    for (; x != end; x += 4, w += 8) {
        mg_add_block(first, mg_product(w[0], x[0]) + mg_product(w[1], x[1]));
        mg_add_block(second, mg_product(w[2], x[0]) + mg_product(w[3], x[1]));
        mg_add_block(first, mg_product(w[4], x[2]) + mg_product(w[5], x[3]));
        mg_add_block(second, mg_product(w[6], x[2]) + mg_product(w[7], x[3]));
    }
    sums[0] = first[0];
    sums[1] = first[1];
    sums[2] = second[0];
    sums[3] = second[1];
}
#endif

static inline void mg_dot_row_of_3(uint32_t sums[2], const int32_t *x, const int32_t *taps) {
    mg_add_block(sums, mg_product(taps[0], x[0]) + mg_product(taps[1], x[1]));
    mg_add_block(sums, mg_product(taps[2], x[2]));
}

static inline void mg_dot_window_any(uint32_t sums[2], const int32_t *x, uint32_t line, const int32_t *taps,
                                     uint32_t rows, uint32_t columns, uint32_t step) {
    if (rows == 3 && columns == 3 && step == 1) { /* the most common by far; constants make it straight */
        mg_dot_row_of_3(sums, x, taps);
        mg_dot_row_of_3(sums, x + line, taps + 3);
        mg_dot_row_of_3(sums, x + 2 * line, taps + 6);
        return;
    }
    uint32_t local[2] = {sums[0], sums[1]}; /* in registers, unlike sums */
    for (; rows != 0; rows--, x += line) {
        const int32_t *column = x;
        uint32_t left = columns;
        for (; left > 1; left -= 2, taps += 2, column += 2 * step) {
            mg_add_block(local, mg_product(taps[0], column[0]) + mg_product(taps[1], column[step]));
        }
        if (left != 0) {
            mg_add_block(local, mg_product(*taps++, *column));
        }
    }
    sums[0] = local[0];
    sums[1] = local[1];
}

#ifndef MG_OWN_WINDOW
static inline void mg_dot_window(uint32_t sums[2], const int32_t *x, uint32_t line, const int32_t *taps, uint32_t rows,
                                 uint32_t columns, uint32_t step) {
    mg_dot_window_any(sums, x, line, taps, rows, columns, step);
}
#endif

/* Two taps of two pairs of channels. */
static inline __attribute__((always_inline)) void mg_add_columns(uint32_t first[2], uint32_t second[2], uint32_t w0,
                                                                 uint32_t w1, const int32_t *x) {
    const uint32_t mask = 0x00ff00ffu, x0 = (uint32_t)x[0], x1 = (uint32_t)x[1], offset = (uint32_t)x[2];
    uint32_t a = offset + (w0 & mask) * x0 + (w1 & mask) * x1;
    uint32_t b = offset + (w0 >> 8 & mask) * x0 + (w1 >> 8 & mask) * x1;
    first[0] += a;
    first[1] += (uint32_t)((int32_t)a >> 16);
    second[0] += b;
    second[1] += (uint32_t)((int32_t)b >> 16);
}

static inline uint32_t mg_load_weights(const int8_t *w, bool aligned) {
    return aligned ? mg_load_word(w) : mg_load_u32((const uint8_t *)w);
}

static inline __attribute__((always_inline)) void mg_dot_columns_in(uint32_t sums[4], const int8_t *w, const int32_t *x,
                                                                    uint32_t n, bool aligned) {
    uint32_t first[2] = {sums[0], sums[1]}, second[2] = {sums[2], sums[3]}; /* in registers, unlike sums */
    for (const int32_t *end = x + 6 * n; x != end; x += 6, w += 16) {
        mg_add_columns(first, second, mg_load_weights(w, aligned), mg_load_weights(w + 4, aligned), x);
        mg_add_columns(first, second, mg_load_weights(w + 8, aligned), mg_load_weights(w + 12, aligned), x + 3);
    }
    sums[0] = first[0];
    sums[1] = first[1];
    sums[2] = second[0];
    sums[3] = second[1];
}

#ifndef MG_OWN_COLUMNS
static inline void mg_dot_aligned_columns(uint32_t sums[4], const int8_t *w, const int32_t *x, uint32_t n) {
    mg_dot_columns_in(sums, w, x, n, true);
}
#endif

static inline void mg_dot_columns(uint32_t sums[4], const int8_t *w, const int32_t *x, uint32_t n) {
    if (((uintptr_t)w & 3u) != 0) {
        mg_dot_columns_in(sums, w, x, n, false);
        return;
    }
    mg_dot_aligned_columns(sums, w, x, n);
}

#ifndef MG_OWN_NARROW
#define MG_NARROW_BITS 30
typedef struct {
    int32_t multiplier, rounding;
    uint32_t shift;
    int32_t min, max;
} mg_narrow_t;

static inline mg_narrow_t mg_narrow_of(int32_t multiplier, int32_t rounding, uint32_t shift, int32_t min, int32_t max) {
    return (mg_narrow_t){multiplier, rounding, shift & 31u, min, max};
}

/* The high half of a product of 64 bits, with both roundings and the zero point added in one. */
static inline int32_t mg_requantize_narrow(int32_t x, const mg_narrow_t *c) {
    uint64_t sum = ((uint64_t)(uint32_t)c->rounding << 32 | 0x80000000u)
                   + (uint64_t)mg_long_product((int32_t)((uint32_t)x << 1), c->multiplier);
    int32_t y = (int32_t)((uint32_t)(sum >> 32) + (uint32_t)(x >> 31)) >> c->shift;
    return y < c->min ? c->min : y > c->max ? c->max : y;
}
#endif
