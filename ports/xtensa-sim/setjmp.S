/* SPDX-License-Identifier: MIT
 *
 * setjmp and longjmp for the windowed ABI, without privileged instructions. Registers of the callers are first driven
 * out to their save areas on the stack by calls that are nested deeper than the register file holds windows. What
 * the caller of setjmp needs to go on then lies in memory and can be kept, and put back:
 *
 *     below our own stack pointer    a0 to a3 of the caller
 *     below the caller's             a0 to a3 of its caller
 *     at the end of that one's frame a4 to a7, and a8 to a11, of the caller, as many as its call was wide
 *
 * Source: Xtensa ISA Reference Manual, "The Windowed Register Option and the Base Stack Area".
 *
 * jmp_buf: 0 caller's a0-a3, 16 its extra registers, 48 save area of its caller, 64 our return address.
 */
#define DEPTH 12            /* 12 windows of 8 registers: more than any core holds */

    .macro copy_four from, from_at, to, to_at, through
    .irp word, 0, 4, 8, 12
    l32i \through, \from, \from_at + \word
    s32i \through, \to, \to_at + \word
    .endr
    .endm

    .text
    .literal_position
    .align 4
spill:                      /* a2: how deep */
    entry a1, 32
    beqz a2, 1f
    addi a10, a2, -1
    call8 spill
1:  retw

/* Extra registers of a caller whose window is a5 windows wide lie below a6, the end of its caller's frame. */
    .align 4
    .global setjmp
setjmp:
    entry a1, 32
    movi a10, DEPTH
    call8 spill
    addi a4, a1, -16
    copy_four a4, 0, a2, 0, a3
    addi a4, a1, 32 - 16    /* below the caller's stack pointer */
    copy_four a4, 0, a2, 48, a3
    s32i a0, a2, 64
    extui a5, a0, 30, 2
    blti a5, 2, 2f          /* it was called with call4: no more registers of its */
    l32i a6, a4, 4          /* the caller's caller's stack pointer */
    addi a6, a6, -16
    slli a5, a5, 4
    sub a4, a6, a5
    addi a4, a4, 16
    addi a5, a2, 16
1:  copy_four a4, 0, a5, 0, a3
    addi a4, a4, 16
    addi a5, a5, 16
    blt a4, a6, 1b
2:  movi a2, 0
    retw

    .align 4
    .global longjmp
longjmp:
    entry a1, 32
    mov a7, a3
    movi a10, DEPTH
    call8 spill
    l32i a0, a2, 64
    addi a4, a1, -16
    copy_four a2, 0, a4, 0, a3
    l32i a4, a2, 4          /* the stack pointer to go on with */
    addi a4, a4, -16
    copy_four a2, 48, a4, 0, a3
    extui a5, a0, 30, 2
    blti a5, 2, 2f
    l32i a6, a2, 48 + 4
    addi a6, a6, -16
    slli a5, a5, 4
    sub a4, a6, a5
    addi a4, a4, 16
    addi a5, a2, 16
1:  copy_four a5, 0, a4, 0, a3
    addi a4, a4, 16
    addi a5, a5, 16
    blt a4, a6, 1b
2:  movi a2, 1
    movnez a2, a7, a7
    retw
