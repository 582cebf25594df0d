/* SPDX-License-Identifier: MIT */
#ifndef PORT_H
#define PORT_H

/* Linux on Xtensa, as qemu-xtensa understands it. */
enum {
    SYS_OPEN = 8,
    SYS_CLOSE = 9,
    SYS_READ = 12,
    SYS_WRITE = 13,
    SYS_LSEEK = 15,
    SYS_UNLINK = 38,
    SYS_EXIT = 118,
    SYS_RT_SIGACTION = 226,
    SYS_CLOCK_GETTIME = 245,
};

int port_syscall(int number, int a, int b, int c);
_Noreturn void port_exit(int status);

/* Carries out MULSH, which no core of QEMU has (mulsh.c). */
void port_emulate_mulsh(void);

#endif
