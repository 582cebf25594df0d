/* SPDX-License-Identifier: MIT
 *
 * Where Linux enters the program, and the way out of it: port_syscall(number, a, b, c).
 */
    .section .text.start, "ax"
    .align 4
    .global _start
_start:
    movi a0, 0
    mov a6, a1          /* the callee's a2: argc, argv, ... on the stack */
    call4 port_main

    .text
    .align 4
    .global port_syscall
port_syscall:
    entry a1, 32
    mov a6, a3          /* the kernel takes arguments from a6, a3, a4 */
    mov a3, a4
    mov a4, a5
    syscall
    retw
