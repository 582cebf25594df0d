/* SPDX-License-Identifier: MIT
 *
 * Start-up on a windowed Xtensa of QEMU's sim machine: vectors, stack, memory. It speaks, and ends QEMU, through the
 * simulator's calls. No core of QEMU has MULSH, which ESP32, S2 and S3 have: what an illegal instruction leads to
 * carries it out, between trap_start and trap_end, which is not counted.
 */
#include <stddef.h>

#include "board.h"

extern uint32_t _data_start[], _data_end[], _data_load[], _bss_start[], _bss_end[];

/* The vectors of the Windowed Register Option (Xtensa ISA Reference Manual, 4.7.1.3), of exceptions, and the start. */
__asm__(".section .vectors, \"ax\"\n"
        ".align 4\n"
        ".global vectors\n"
        "vectors:\n"
        "s32e a0, a5, -16\n s32e a1, a5, -12\n s32e a2, a5, -8\n s32e a3, a5, -4\n rfwo\n"
        ".org 0x40\n"
        "l32e a0, a5, -16\n l32e a1, a5, -12\n l32e a2, a5, -8\n l32e a3, a5, -4\n rfwu\n"
        ".org 0x80\n"
        "s32e a0, a9, -16\n l32e a0, a1, -12\n s32e a1, a9, -12\n s32e a2, a9, -8\n s32e a3, a9, -4\n"
        "s32e a4, a0, -32\n s32e a5, a0, -28\n s32e a6, a0, -24\n s32e a7, a0, -20\n rfwo\n"
        ".org 0xc0\n"
        "l32e a0, a9, -16\n l32e a1, a9, -12\n l32e a2, a9, -8\n l32e a7, a1, -12\n l32e a3, a9, -4\n"
        "l32e a4, a7, -32\n l32e a5, a7, -28\n l32e a6, a7, -24\n l32e a7, a7, -20\n rfwu\n"
        ".org 0x100\n"
        "s32e a0, a13, -16\n l32e a0, a1, -12\n s32e a1, a13, -12\n s32e a2, a13, -8\n s32e a3, a13, -4\n"
        "s32e a4, a0, -48\n s32e a5, a0, -44\n s32e a6, a0, -40\n s32e a7, a0, -36\n s32e a8, a0, -32\n"
        "s32e a9, a0, -28\n s32e a10, a0, -24\n s32e a11, a0, -20\n rfwo\n"
        ".org 0x140\n"
        "l32e a0, a13, -16\n l32e a1, a13, -12\n l32e a2, a13, -8\n l32e a11, a1, -12\n l32e a3, a13, -4\n"
        "l32e a4, a11, -48\n l32e a5, a11, -44\n l32e a6, a11, -40\n l32e a7, a11, -36\n l32e a8, a11, -32\n"
        "l32e a9, a11, -28\n l32e a10, a11, -24\n l32e a11, a11, -20\n rfwu\n"
        ".org 0x300\n"
        ".global trap_start, trap_end\n"
        "trap_start:\n"
        "j trap\n"
        ".align 4\n"
        "where_kept: .word kept\n"
        "where_end: .word give_up\n"
        "trap:\n"
        "wsr a0, excsave1\n"
        "l32r a0, where_kept\n"
        ".irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
        "s32i a\\n, a0, 4 * \\n\n"
        ".endr\n"
        "rsr a1, excsave1\n"
        "s32i a1, a0, 0\n"
        "rsr a1, exccause\n" /* 0: illegal instruction */
        "bnez a1, stray\n"
        "rsr a1, epc1\n"
        "l8ui a2, a1, 2\n" /* 0xb2, r and s, t and 0: MULSH r, s, t */
        "movi a3, 0xb2\n"
        "bne a2, a3, stray\n"
        "l8ui a3, a1, 0\n"
        "extui a2, a3, 0, 4\n"
        "bnez a2, stray\n"
        "l8ui a2, a1, 1\n"
        "addi a1, a1, 3\n"
        "wsr a1, epc1\n"
        "extui a1, a2, 4, 4\n"
        "addx4 a1, a1, a0\n" /* where the result goes */
        "extui a2, a2, 0, 4\n"
        "addx4 a2, a2, a0\n"
        "l32i a2, a2, 0\n"
        "extui a3, a3, 4, 4\n"
        "addx4 a3, a3, a0\n"
        "l32i a3, a3, 0\n"
        "extui a4, a2, 16, 16\n" /* by halves, without signs */
        "extui a5, a3, 16, 16\n"
        "mul16u a6, a2, a3\n"
        "mul16u a7, a4, a3\n"
        "mul16u a8, a2, a5\n"
        "mul16u a9, a4, a5\n"
        "extui a6, a6, 16, 16\n"
        "extui a10, a7, 0, 16\n"
        "add a6, a6, a10\n"
        "extui a10, a8, 0, 16\n"
        "add a6, a6, a10\n"
        "extui a6, a6, 16, 16\n"
        "add a9, a9, a6\n"
        "extui a7, a7, 16, 16\n"
        "add a9, a9, a7\n"
        "extui a8, a8, 16, 16\n"
        "add a9, a9, a8\n"
        "bgez a2, 1f\n"
        "sub a9, a9, a3\n"
        "1: bgez a3, 1f\n"
        "sub a9, a9, a2\n"
        "1: s32i a9, a1, 0\n"
        ".irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
        "l32i a\\n, a0, 4 * \\n\n"
        ".endr\n"
        "l32i a0, a0, 0\n"
        "rfe\n"
        "trap_end:\n"
        "stray:\n"
        "l32r a0, where_end\n"
        "jx a0\n"
        ".text\n" /* literals are laid before what follows */
        ".align 4\n"
        "give_up:\n"
        "movi a0, 0\n"
        "movi a1, _stack_top\n"
        "movi a2, 0x4000f\n" /* register windows, no interrupts */
        "wsr a2, ps\n"
        "rsync\n"
        "call4 fault\n"
        ".global reset\n"
        "reset:\n"
        "movi a2, 0\n"
        "wsr a2, windowbase\n"
        "rsync\n"
        "movi a2, 1\n"
        "wsr a2, windowstart\n"
        "movi a2, 0x4000f\n"
        "wsr a2, ps\n"
        "rsync\n"
        "movi a2, vectors\n"
        "wsr a2, vecbase\n"
#ifdef MG_MAC16
        "movi a2, 0xff\n"
        "wsr a2, cpenable\n" /* float */
#endif
        "rsync\n"
        "movi a0, 0\n"
        "movi a1, _stack_top\n"
        "call4 start\n");

__attribute__((used)) uint32_t kept[16]; /* the registers of what is interrupted */

static int32_t simulator(uint32_t number, uint32_t a, const void *b, uint32_t c) {
    register uint32_t a2 __asm__("a2") = number;
    register uint32_t a3 __asm__("a3") = a;
    register const void *a4 __asm__("a4") = b;
    register uint32_t a5 __asm__("a5") = c;
    __asm__ volatile(".byte 0x00, 0x51, 0x00"
                     : /* SIMCALL, in whichever way a core has it */
                     "+r"(a2), "+r"(a3)
                     : "r"(a4), "r"(a5)
                     : "memory");
    return (int32_t)a2;
}

/* What newlib in the chips' ROM has, word by word. */
#define OWN __attribute__((used, optimize("no-tree-loop-distribute-patterns")))

OWN void *memcpy(void *to, const void *from, size_t n) {
    uint8_t *t = to;
    const uint8_t *f = from;
    if ((((uintptr_t)t | (uintptr_t)f) & 3u) == 0) {
        for (; n >= 4; n -= 4, t += 4, f += 4) {
            *(uint32_t *)(void *)t = *(const uint32_t *)(const void *)f;
        }
    }
    for (; n != 0; n--) {
        *t++ = *f++;
    }
    return to;
}

OWN void *memmove(void *to, const void *from, size_t n) {
    uint8_t *t = to;
    const uint8_t *f = from;
    if (t <= f || t >= f + n) {
        return memcpy(to, from, n);
    }
    while (n != 0) {
        n--;
        t[n] = f[n];
    }
    return to;
}

OWN void *memset(void *to, int value, size_t n) {
    uint8_t *t = to;
    for (; n != 0 && ((uintptr_t)t & 3u) != 0; n--) {
        *t++ = (uint8_t)value;
    }
    for (; n >= 4; n -= 4, t += 4) {
        *(uint32_t *)(void *)t = (uint8_t)value * 0x01010101u;
    }
    for (; n != 0; n--) {
        *t++ = (uint8_t)value;
    }
    return to;
}

OWN int memcmp(const void *a, const void *b, size_t n) {
    const uint8_t *x = a, *y = b;
    for (; n != 0 && *x == *y; n--) {
        x++;
        y++;
    }
    return n == 0 ? 0 : *x - *y;
}

OWN size_t strlen(const char *text) {
    size_t n = 0;
    while (text[n] != 0) {
        n++;
    }
    return n;
}

void print(const char *text) {
    simulator(4, 1, text, strlen(text)); /* write */
}

static void stop(void) {
    simulator(1, 0, 0, 0); /* exit */
    for (;;) {
    }
}

__attribute__((used)) void fault(void) {
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
