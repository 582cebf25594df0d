/* SPDX-License-Identifier: MIT
 *
 * What bench.c needs of an emulated Arm board. Addresses come from the compiler's command line.
 */
#include <stdint.h>

static inline int semihost(int operation, const void *argument) {
    register int r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

/* The CMSDK timer counts down from its reload value. */
#define TIMER ((volatile uint32_t *)TIMER_ADDRESS) /* control, value, reload, interrupt */

static inline uint32_t timer(void) {
    return TIMER[1];
}

static inline uint32_t timer_since(uint32_t start) {
    return start - TIMER[1];
}

void bench(void);
