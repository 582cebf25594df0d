/* SPDX-License-Identifier: MIT
 *
 * The product of two int32.
 */
#ifndef MG_LONG_PRODUCT_H
#define MG_LONG_PRODUCT_H

#include <stdint.h>

/* Compilers that were made for another Xtensa call a function for this, where ESP32, S2 and S3 have MULSH: "mulsh a8, a8,
 * a9", which their assemblers do not know either (Xtensa ISA Reference Manual, 8.3). */
static inline int64_t mg_long_product(int32_t a, int32_t b) {
#ifdef __XTENSA_WINDOWED_ABI__
    register int32_t high __asm__("a8") = a;
    register int32_t other __asm__("a9") = b;
    __asm__(".byte 0x90, 0x88, 0xb2" : "+r"(high) : "r"(other));
    return (int64_t)((uint64_t)(uint32_t)high << 32 | (uint32_t)a * (uint32_t)b);
#else
    return (int64_t)a * b;
#endif
}

#endif
