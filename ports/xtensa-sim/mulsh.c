/* SPDX-License-Identifier: MIT
 *
 * MULSH, the upper half of a product with signs, which ESP32, S2 and S3 have and no core of QEMU: the signal of an illegal
 * instruction carries it out. Layouts are Linux's (arch/xtensa/include/uapi/asm/sigcontext.h, ucontext.h, signal.h).
 */
#include <stdint.h>

#include "port.h"

#ifndef __XTENSA_CALL0_ABI__

#define SIGILL 4
#define SA_SIGINFO 4
#define SA_NODEFER 0x40000000

typedef struct {
    uint32_t flags, link, stack[3];
    uint32_t pc, ps, lbeg, lend, lcount, sar, acclo, acchi;
    int32_t a[16];
} context_t;

static void on_illegal(int signal, void *info, context_t *context) {
    (void)signal;
    (void)info;
    const uint8_t *at = (const uint8_t *)context->pc;
    if ((at[0] & 15) != 0 || at[2] != 0xb2) {
        port_exit(128 + SIGILL);
    }
    int64_t product = (int64_t)context->a[at[1] & 15] * context->a[at[0] >> 4];
    context->a[at[1] >> 4] = (int32_t)(product >> 32);
    context->pc += 3;
}

void port_emulate_mulsh(void) {
    const struct {
        void (*handler)(int, void *, context_t *);
        uint32_t flags;
        void *restorer;
        uint32_t mask[2];
    } action = {on_illegal, SA_SIGINFO | SA_NODEFER, 0, {0, 0}};
    register int a2 __asm__("a2") = SYS_RT_SIGACTION;
    register int a6 __asm__("a6") = SIGILL;
    register const void *a3 __asm__("a3") = &action;
    register void *a4 __asm__("a4") = 0;
    register int a5 __asm__("a5") = sizeof action.mask;
    __asm__ volatile("syscall" : "+r"(a2) : "r"(a6), "r"(a3), "r"(a4), "r"(a5) : "memory");
}

#else

void port_emulate_mulsh(void) {
}

#endif
