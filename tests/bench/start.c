/* SPDX-License-Identifier: MIT
 *
 * Start-up of the bare-metal bench: vectors, memory, FPU and Helium on, timer running.
 */
#include "board.h"

extern uint32_t _data_start[], _data_end[], _data_load[], _bss_start[], _bss_end[], _stack_top[];

static void stop(int code) {
    uint32_t block[2] = {0x20026, (uint32_t)code}; /* ADP_Stopped_ApplicationExit */
    semihost(0x20, block);                         /* SYS_EXIT_EXTENDED */
    for (;;) {
    }
}

void fault(void) {
    semihost(4, "error the core took a fault\n");
    stop(1);
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
    TIMER[0] = 0;
    TIMER[2] = 0xffffffff;
    TIMER[1] = 0xffffffff;
    TIMER[0] = 1;
    bench();
    stop(0);
}

__attribute__((section(".vectors"), used)) static const void *const VECTORS[16] = {
    _stack_top, reset, fault, fault, fault, fault, fault, fault,
};
