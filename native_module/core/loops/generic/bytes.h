/* SPDX-License-Identifier: MIT
 *
 * The functions on bytes of loops.h in plain C.
 */

static inline void mg_copy_four(int8_t *to, const int8_t *from) {
    const uint32_t a = mg_load_word(from), b = mg_load_word(from + 4), c = mg_load_word(from + 8);
    const uint32_t d = mg_load_word(from + 12);
    mg_store_word(to, a);
    mg_store_word(to + 4, b);
    mg_store_word(to + 8, c);
    mg_store_word(to + 12, d);
}

/* Eight words at a time: many C libraries have a memcpy for bytes, and to call it takes as long as a short row. */
static inline void mg_copy_row(int8_t *to, const int8_t *from, uint32_t n) {
    if ((((uintptr_t)to | (uintptr_t)from) & 3u) == 0) {
        for (const int8_t *end = to + (n & ~31u); to != end; to += 32, from += 32) {
            mg_copy_four(to, from);
            mg_copy_four(to + 16, from + 16);
        }
        n &= 31u;
    }
    if (n != 0) {
        memcpy(to, from, n);
    }
}

static inline void mg_copy_rows(int8_t *to, uint32_t to_step, const int8_t *from, uint32_t from_step, uint32_t n,
                                uint32_t rows) {
    for (uint32_t i = 0; i < rows; i++) { /* a step from the only row may be anything */
        mg_copy_row(to + (int32_t)(i * to_step), from + (int32_t)(i * from_step), n);
    }
}

static inline void mg_fill(int8_t *to, int32_t value, uint32_t n) {
    memset(to, value, n);
}

static inline void mg_clamp_bytes(int8_t *y, uint32_t n, int8_t min, int8_t max) {
    const uint32_t low = 0x01010101u * (uint8_t)min, high = 0x01010101u * (uint8_t)max;
    for (; n >= 4; n -= 4, y += 4) {
        uint32_t word = mg_min4(mg_max4(mg_load_u32((const uint8_t *)y), low), high);
        memcpy(y, &word, 4);
    }
    for (; n != 0; n--, y++) {
        *y = *y < min ? min : *y > max ? max : *y;
    }
}

static inline void mg_lookup(uint8_t *out, const uint8_t *x, const uint8_t *table, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        out[i] = table[x[i]];
    }
}

static inline void mg_add_neighbours(int8_t *out, const int8_t *a, const int8_t *b, uint32_t n, const mg_line_t *line,
                                     mg_exact_fn exact, const void *params) {
    mg_add_steps(out, a, 1, b, 1, n, line, exact, params);
}

/* What follows does nothing: the kernels' own loops do. */

static inline uint32_t mg_max_channels(int8_t *out, const int8_t *x, uint32_t h, uint32_t w, uint32_t line,
                                       uint32_t channels, const mg_range_t *range) {
    (void)out, (void)x, (void)h, (void)w, (void)line, (void)channels, (void)range;
    return 0;
}

static inline uint32_t mg_average_channels(int8_t *out, const int8_t *x, uint32_t h, uint32_t w, uint32_t line,
                                           uint32_t channels, const mg_range_t *range) {
    (void)out, (void)x, (void)h, (void)w, (void)line, (void)channels, (void)range;
    return 0;
}
