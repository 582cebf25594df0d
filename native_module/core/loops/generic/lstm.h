/* SPDX-License-Identifier: MIT
 *
 * The functions of loops/lstm.h in plain C.
 */

/* A requantisation with what its usual case takes, a shift of -1 to -31. */
typedef struct {
    mg_rescaling_t any;
    int32_t rounding;
    uint32_t shift;
    bool usual;
} mg_ready_t;

static inline mg_ready_t mg_make_ready(mg_rescaling_t any) {
    const uint32_t shift = (0u - (uint32_t)any.shift) & 31u;
    const bool usual = any.shift < 0 && any.shift > -32;
    mg_ready_t ready = {any, usual ? 1 << (shift - 1) : 0, shift, usual};
    return ready;
}

/* In the usual case for |x| < 2^30. */
static inline int32_t mg_rescale(int32_t x, const mg_ready_t *by, bool usual) {
    return mg_to_i16(usual ? mg_scale_twice((int32_t)((uint32_t)x << 1), by->any.multiplier, by->rounding, by->shift)
                           : mg_requantize_call(x, by->any.multiplier, by->any.shift));
}

static inline void mg_add_halves(int16_t *gate, const int32_t a[4], const int32_t b[4], const mg_ready_t *of_a,
                                 const mg_ready_t *of_b, uint32_t n) {
    uint32_t beyond = 0; /* bit 31: some sum is not below 2^30 */
    for (uint32_t i = 0; i < 4; i++) {
        beyond |= ((uint32_t)a[i] + (1u << 30)) | ((uint32_t)b[i] + (1u << 30));
    }
    const int16_t *end = gate + n;
    if (of_a->usual && of_b->usual && beyond >> 31 == 0) {
        const mg_ready_t by_a = *of_a, by_b = *of_b;
        while (gate != end) {
            *gate++ = (int16_t)mg_to_i16(mg_rescale(*a++, &by_a, true) + mg_rescale(*b++, &by_b, true));
        }
    }
    while (gate != end) {
        *gate++ = (int16_t)mg_to_i16(mg_rescale(*a++, of_a, false) + mg_rescale(*b++, of_b, false));
    }
}

static inline void mg_activate(int16_t *gate, uint32_t n, const uint8_t *table, bool tanh) {
    for (const int16_t *end = gate + n; gate != end; gate++) {
        *gate = (int16_t)mg_to_i16(tanh ? mg_sigmoid_inline(table, *gate, 3, 0, true)
                                              : mg_sigmoid_inline(table, *gate, 3, 0, false));
    }
}

static inline __attribute__((always_inline)) void mg_keep_and_add_as(const mg_cell_t *c, uint32_t n,
                                                                     const mg_ready_t by[3], bool usual) {
    const mg_ready_t kept = by[0], added = by[1], output = by[2];
    for (uint32_t u = 0; u < n; u++) {
        int32_t s = mg_to_i16(mg_rescale(c->forget[u] * c->s[u], &kept, usual)
                              + mg_rescale(c->input[u] * c->candidate[u], &added, usual));
        s = c->clip > 0 ? mg_clamp(s, -c->clip, c->clip) : s;
        c->s[u] = (int16_t)s;
        const int32_t x = mg_to_i16(mg_sigmoid_inline(c->table, s, c->tanh_multiplier, c->tanh_shift, true));
        int32_t h = c->output[u] * x;
        h = usual ? mg_scale_twice((int32_t)((uint32_t)h << 1), output.any.multiplier, output.rounding, output.shift)
                  : mg_requantize_call(h, output.any.multiplier, output.any.shift);
        c->next[u] = (int16_t)mg_clamp(mg_wrap_add(h, c->zero_point), c->low, c->high);
    }
}

/* One factor of each product is a sigmoid, and so at most 32767: products are below 2^30. */
static inline void mg_keep_and_add(const mg_cell_t *c, uint32_t n) {
    const mg_ready_t by[3] = {mg_make_ready(c->of_kept), mg_make_ready(c->of_added), mg_make_ready(c->of_output)};
    if (by[0].usual && by[1].usual && by[2].usual) {
        mg_keep_and_add_as(c, n, by, true);
    } else {
        mg_keep_and_add_as(c, n, by, false);
    }
}
