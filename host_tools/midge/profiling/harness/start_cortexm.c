/* SPDX-License-Identifier: MIT
 *
 * Start-up on a Cortex-M: vectors, memory, FPU and Helium on. It speaks by semihosting.
 */
#include "board.h"

extern uint32_t _data_start[], _data_end[], _data_load[], _bss_start[], _bss_end[], _stack_top[];

static void semihost(int operation, const void *argument) {
    register int r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

void print(const char *text) {
    semihost(4, text); /* SYS_WRITE0 */
}

static void stop(void) {
    uint32_t block[2] = {0x20026, 0}; /* ADP_Stopped_ApplicationExit */
    semihost(0x20, block);            /* SYS_EXIT_EXTENDED */
    for (;;) {
    }
}

void fault(void) {
    print("error the core took a fault\n");
    stop();
}

void reset(void) {
    uint32_t *from = _data_load;
    for (uint32_t *to = _data_start; to != _data_end;) {
        *to++ = *from++;
    }
    for (uint32_t *to = _bss_start; to != _bss_end;) {
        *to++ = 0;
    }
#if __ARM_ARCH >= 7
    *(volatile uint32_t *)0xe000ed88 |= 0xfu << 20; /* CPACR: FPU, and with it Helium */
#endif
#if defined(__ARM_FEATURE_MVE)
    *(volatile uint32_t *)0xe000ed14 |= 1u << 19; /* CCR.LOB: low-overhead loops */
#endif
    program();
    stop();
}

__attribute__((section(".vectors"), used)) static const void *const VECTORS[16] = {
    _stack_top, reset, fault, fault, fault, fault, fault, fault,
};
