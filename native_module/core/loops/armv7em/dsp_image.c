/* SPDX-License-Identifier: MIT
 *
 * IMAGE's sums of grey from RGB565, for Cortex-M4, M7, M33, M55: three words at once, which leaves a register free.
 */
#include "../assembly.h"
#include "../loops.h"

#if defined(MG_ISA_ARMV7EM) && defined(MG_OWN_GREYS)

/* LDM takes the fields in their order. */
MG_ASSERT_AT(mg_greys_t, row, 0);
MG_ASSERT_AT(mg_greys_t, sums, 4);
MG_ASSERT_AT(mg_greys_t, end, 8);
MG_ASSERT_AT(mg_greys_t, five, 12);
MG_ASSERT_AT(mg_greys_t, two, 16);

#define ADD(word, sum) \
    "and lr, r6, " word ", lsr #5\n" \
    "mla " sum ", lr, r3, " sum "\n" \
    "and lr, r5, " word ", lsr #11\n" \
    "mla " sum ", lr, r3, " sum "\n" \
    "and " word ", " word ", r5\n" \
    "mla " sum ", " word ", r4, " sum "\n"

#define SWAP "rev16 r7, r7\nrev16 r8, r8\nrev16 r9, r9\n"

/*     do {
 *         three words of two pixels each = row, their bytes swapped or not; row += 3 words
 *         sums[i] += five * (green + red) + two * blue, in both halves; sums += 3 words
 *     } while (row != end)
 *
 * r0 row, r1 sums, r2 end, r3 five, r4 two, r5 masks of five bits, r6 of six, r7-r9 words, r10-r12 sums, lr a part. */
#define ADD_GREYS(swap) \
    "push {r4-r11, lr}\n" \
    "ldm r0, {r0-r4}\n" \
    "mov r5, #0x001f001f\n" \
    "mov r6, #0x003f003f\n" \
    "1:\n" \
    "ldm r0!, {r7-r9}\n" \
    "ldm r1, {r10-r12}\n" swap ADD("r7", "r10") ADD("r8", "r11") ADD("r9", "r12") \
    "stm r1!, {r10-r12}\n" \
    "cmp r0, r2\n" \
    "bne 1b\n" \
    "pop {r4-r11, pc}\n"

MG_NAKED void mg_add_greys(MG_ARG const mg_greys_t *greys) {
    __asm__(ADD_GREYS(""));
}

MG_NAKED void mg_add_greys_swapped(MG_ARG const mg_greys_t *greys) {
    __asm__(ADD_GREYS(SWAP));
}

#endif
