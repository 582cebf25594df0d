/* SPDX-License-Identifier: MIT */
#ifndef PORT_SETJMP_H
#define PORT_SETJMP_H

/* Four words of the caller's own frame, up to eight more of it, four of the base save area, the return address. */
typedef int jmp_buf[17];
int setjmp(jmp_buf) __attribute__((returns_twice));
void longjmp(jmp_buf, int) __attribute__((noreturn));

#endif
