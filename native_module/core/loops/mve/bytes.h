/* SPDX-License-Identifier: MIT
 *
 * The functions on bytes of loops.h in vectors. Inline: a call would cost as much as the few vectors that most move.
 */
#include <arm_mve.h>

static inline void mg_copy_rows(int8_t *to, uint32_t to_step, const int8_t *from, uint32_t from_step, uint32_t n,
                                uint32_t rows) {
    if (n <= 16) {
        __asm__ volatile("vctp.8 %[n]\n"
                         "wls lr, %[rows], 2f\n"
                         "1:\n"
                         "vpstt\n"
                         "vldrbt.8 q0, [%[from]]\n"
                         "vstrbt.8 q0, [%[to]]\n"
                         "add %[from], %[from_step]\n"
                         "add %[to], %[to_step]\n"
                         "le lr, 1b\n"
                         "2:\n"
                         : [to] "+r"(to), [from] "+r"(from)
                         : [to_step] "r"(to_step), [from_step] "r"(from_step), [n] "r"(n), [rows] "r"(rows)
                         : "lr", "q0", "memory");
        return;
    }
    for (const uint32_t moved = (n + 15) & ~15u; rows != 0; rows--, to += to_step - moved, from += from_step - moved) {
        __asm__ volatile("dlstp.8 lr, %2\n"
                         "1:\n"
                         "vldrb.8 q0, [%1], #16\n"
                         "vstrb.8 q0, [%0], #16\n"
                         "letp lr, 1b\n"
                         : "+r"(to), "+r"(from)
                         : "r"(n)
                         : "lr", "q0", "memory");
    }
}

static inline void mg_fill(int8_t *to, int32_t value, uint32_t n) {
    __asm__ volatile("vdup.8 q0, %[value]\n"
                     "wlstp.8 lr, %[n], 2f\n"
                     "1:\n"
                     "vstrb.8 q0, [%[to]], #16\n"
                     "letp lr, 1b\n"
                     "2:\n"
                     : [to] "+r"(to)
                     : [value] "r"(value), [n] "r"(n)
                     : "lr", "q0", "memory");
}

static inline void mg_clamp_bytes(int8_t *y, uint32_t n, int8_t min, int8_t max) {
    for (uint32_t i = 0; i < n; i += 16) {
        mve_pred16_t lanes = vctp8q(n - i);
        int8x16_t v = vminq_s8(vmaxq_s8(vldrbq_z_s8(y + i, lanes), vdupq_n_s8(min)), vdupq_n_s8(max));
        vstrbq_p_s8(y + i, v, lanes);
    }
}

static inline void mg_lookup(uint8_t *out, const uint8_t *x, const uint8_t *table, uint32_t n) {
    for (uint32_t i = 0; i < n; i += 16) {
        mve_pred16_t lanes = vctp8q(n - i);
        vstrbq_p_u8(out + i, vldrbq_gather_offset_z_u8(table, vldrbq_z_u8(x + i, lanes), lanes), lanes);
    }
}
