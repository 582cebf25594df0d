/* SPDX-License-Identifier: MIT
 *
 * ADD in plain C. Inline, so that it is compiled for speed with its kernel, and once for steps that are known.
 */

static inline void mg_add_steps(int8_t *out, const int8_t *a, uint32_t a_step,
                                                               const int8_t *b, uint32_t b_step, uint32_t n,
                                                               const mg_line_t *line, mg_exact_fn exact,
                                                               const void *params) {
    const mg_line_t of = *line; /* which no output can be part of */
    for (; n != 0; n--, out++, a += a_step, b += b_step) {
        int32_t sum = of.start + of.of_a * *a + of.of_b * *b, y;
        if (__builtin_expect((sum & of.far) != 0, 1)) {
            y = mg_to_i8(sum >> (of.bits & 31u));
        } else {
            y = exact(params, *a, *b);
        }
        *out = (int8_t)y;
    }
}
