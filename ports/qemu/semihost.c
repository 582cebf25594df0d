// SPDX-License-Identifier: MIT
// What the port asks of QEMU itself: the host's time, a last word and the end (Arm's semihosting specification,
// release 2.0, which RISC-V has taken over).
#include "py/mphal.h"

#include "port.h"

enum { SYS_WRITE0 = 0x04, SYS_TIME = 0x11, SYS_EXIT_EXTENDED = 0x20 };
enum { ADP_STOPPED_APPLICATION_EXIT = 0x20026 };
enum { STATUS_FAULT = 70 };

uint32_t cpu_host_time(void) {
    return cpu_semihost(SYS_TIME, NULL);
}

void cpu_exit(int status) {
    const uint32_t block[2] = {ADP_STOPPED_APPLICATION_EXIT, status};
    cpu_semihost(SYS_EXIT_EXTENDED, block);
    for (;;) {
    }
}

// The line goes to the console for whoever watches, and to QEMU's own output, because what a pty still holds is
// lost when QEMU closes it.
void cpu_die(const char *line) {
    mp_hal_stdout_tx_str(line);
    cpu_semihost(SYS_WRITE0, line);
    cpu_exit(STATUS_FAULT);
}
