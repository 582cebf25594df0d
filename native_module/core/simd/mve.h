/* SPDX-License-Identifier: MIT
 *
 * Helium, what it has beyond armv7em.h: Cortex-M55 and M85. VMLADAVA adds 16 products of int8; the loops end with a
 * vector in which only the lanes count that there are.
 */
#ifdef __arm__
#define MG_OWN_DOT

static inline int32_t mg_dot(const int8_t *x, const int8_t *w, uint32_t k) {
    int32_t sum = 0;
    __asm__ volatile("wlstp.8 lr, %[k], 2f\n"
                     "1:\n"
                     "vldrb.8 q0, [%[x]], #16\n"
                     "vldrb.8 q1, [%[w]], #16\n"
                     "vmladava.s8 %[sum], q0, q1\n"
                     "letp lr, 1b\n"
                     "2:\n"
                     : [x] "+r"(x), [w] "+r"(w), [sum] "+Te"(sum)
                     : [k] "r"(k)
                     : "lr", "q0", "q1", "memory");
    return sum;
}

static inline void mg_dot4(int32_t sums[4], const int8_t *x, const int8_t *w, uint32_t k) {
    const int8_t *w1 = w + k, *w2 = w1 + k, *w3 = w2 + k;
    int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    __asm__ volatile("wlstp.8 lr, %[k], 2f\n"
                     "1:\n"
                     "vldrb.8 q0, [%[x]], #16\n"
                     "vldrb.8 q1, [%[w]], #16\n"
                     "vmladava.s8 %[s0], q0, q1\n"
                     "vldrb.8 q1, [%[w1]], #16\n"
                     "vmladava.s8 %[s1], q0, q1\n"
                     "vldrb.8 q1, [%[w2]], #16\n"
                     "vmladava.s8 %[s2], q0, q1\n"
                     "vldrb.8 q1, [%[w3]], #16\n"
                     "vmladava.s8 %[s3], q0, q1\n"
                     "letp lr, 1b\n"
                     "2:\n"
                     : [x] "+r"(x), [w] "+r"(w), [w1] "+r"(w1), [w2] "+r"(w2), [w3] "+r"(w3), [s0] "+Te"(s0),
                       [s1] "+Te"(s1), [s2] "+Te"(s2), [s3] "+Te"(s3)
                     : [k] "r"(k)
                     : "lr", "q0", "q1", "memory");
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
}

#endif
