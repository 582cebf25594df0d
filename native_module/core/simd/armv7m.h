/* SPDX-License-Identifier: MIT
 *
 * Armv7-M without the DSP extension: Cortex-M3. Multiply and accumulate in one instruction, long products,
 * shifts within an addition, words from any address.
 */
#define MG_SIMD_NAME "armv7m"

#ifdef __arm__

#define MG_OWN_PAIRS

#define MG_PAIRS_STEP \
    "ldmia %[x]!, {r0, r1}\n" \
    "ldmia %[w]!, {r2, r3, r4, r5}\n" \
    "mla r2, r0, r2, %[half]\n" \
    "mla r4, r0, r4, %[half]\n" \
    "mla r2, r1, r3, r2\n" \
    "mla r4, r1, r5, r4\n" \
    "add %[total_0], r2\n" \
    "add %[total_1], r4\n" \
    "add %[upper_0], %[upper_0], r2, asr #16\n" \
    "add %[upper_1], %[upper_1], r4, asr #16\n"

/* r0, r1 two taps of the pixels; r2, r3 weights of channel 0, r4, r5 of channel 1, then products. 11.5
 * instructions for eight products. */
static inline void mg_dot_pairs(uint32_t sums[4], const int32_t *w, const int32_t *x, uint32_t n) {
    uint32_t total_0 = sums[0], upper_0 = sums[1], total_1 = sums[2], upper_1 = sums[3];
    const int32_t *end = x + 4 * n;
    __asm__("1:\n"
            MG_PAIRS_STEP MG_PAIRS_STEP
            "ldr r0, %[end]\n"
            "cmp %[x], r0\n"
            "bne 1b\n"
            : [x] "+r"(x), [w] "+r"(w), [total_0] "+r"(total_0), [upper_0] "+r"(upper_0), [total_1] "+r"(total_1),
              [upper_1] "+r"(upper_1)
            : [half] "r"(0x8000), [end] "m"(end)
            : "r0", "r1", "r2", "r3", "r4", "r5", "cc", "memory");
    sums[0] = total_0;
    sums[1] = upper_0;
    sums[2] = total_1;
    sums[3] = upper_1;
}

#define MG_OWN_EXPAND

#define MG_EXPAND_STEP \
    "ldr r3, [%[bytes]], #4\n" \
    "sxtb r0, r3\n" \
    "sxtb r1, r3, ror #8\n" \
    "sxtb r2, r3, ror #16\n" \
    "asrs r3, r3, #24\n" \
    "stmia %[words]!, {r0, r1, r2, r3}\n"

/* Four weights of a word r3. */
static inline void mg_expand(int32_t *words, const int8_t *bytes, uint32_t n) {
    const int8_t *end = bytes + n;
    __asm__ volatile("1:\n"
            MG_EXPAND_STEP MG_EXPAND_STEP
            "cmp %[bytes], %[end]\n"
            "bne 1b\n"
            : [words] "+r"(words), [bytes] "+r"(bytes)
            : [end] "r"(end)
            : "r0", "r1", "r2", "r3", "cc", "memory");
}

#endif

#include "scalar.h"
