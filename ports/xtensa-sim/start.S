/* SPDX-License-Identifier: MIT
 *
 * Where Linux enters the program, and the way out of it: port_syscall(number, a, b, c).
 */
    .section .text.start, "ax"
    .align 4
    .global _start
_start:
    movi a0, 0
#ifdef __XTENSA_CALL0_ABI__
    mov a2, a1          /* argc, argv, ... on the stack */
    call0 port_main
#else
    mov a6, a1          /* the callee's a2 */
    call4 port_main
#endif

    .text
    .align 4
    .global port_syscall
port_syscall:
#ifndef __XTENSA_CALL0_ABI__
    entry a1, 32
#endif
    mov a6, a3          /* the kernel takes arguments from a6, a3, a4 */
    mov a3, a4
    mov a4, a5
    syscall
#ifdef __XTENSA_CALL0_ABI__
    ret
#else
    retw
#endif
