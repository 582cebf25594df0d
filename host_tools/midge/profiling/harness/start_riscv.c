/* SPDX-License-Identifier: MIT
 *
 * Start-up on a RISC-V of QEMU's virt machine: stack, memory. It speaks through the machine's UART and
 * ends QEMU by the test device.
 */
#include "board.h"

extern uint32_t _data_start[], _data_end[], _data_load[], _bss_start[], _bss_end[];

#define FINISHER (*(volatile uint32_t *)0x100000)
#define UART (*(volatile uint8_t *)0x10000000)

void print(const char *text) {
    while (*text != 0) {
        UART = (uint8_t)*text++;
    }
}

static void stop(void) {
    FINISHER = 0x5555;
    for (;;) {
    }
}

__attribute__((aligned(4), used)) void fault(void) {
    print("error the core took a fault\n");
    stop();
}

__attribute__((used)) void start(void) {
    uint32_t *from = _data_load;
    for (uint32_t *to = _data_start; to != _data_end;) {
        *to++ = *from++;
    }
    for (uint32_t *to = _bss_start; to != _bss_end;) {
        *to++ = 0;
    }
    program();
    stop();
}

__attribute__((naked, section(".vectors"), used)) void reset(void) {
    __asm__("la sp, _stack_top\n"
            "la t0, fault\n"
            ".option arch, +zicsr\n"
            "csrw mtvec, t0\n"
            "j start\n");
}
