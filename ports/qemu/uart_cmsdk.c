// SPDX-License-Identifier: MIT
// UART of Arm's Cortex-M System Design Kit (DDI 0479, section 4.3).
#include "board.h"
#include "port.h"

typedef struct {
    volatile uint32_t data, state, ctrl, interrupt, bauddiv;
} uart_t;

enum { STATE_TX_FULL = 1 << 0, STATE_RX_FULL = 1 << 1 };
enum { CTRL_TX = 1 << 0, CTRL_RX = 1 << 1, CTRL_RX_INTERRUPT = 1 << 3 };
enum { INTERRUPT_RX = 1 << 1 };

#define UART ((uart_t *)BOARD_UART_ADDRESS)

void uart_start(void) {
    UART->bauddiv = 16;  // the smallest that is allowed; QEMU has no line speed
}

void uart_enable_interrupt(bool on) {
    UART->ctrl = CTRL_TX | CTRL_RX | (on ? CTRL_RX_INTERRUPT : 0);
}

// The flag is cleared while the UART is full, when no further byte can raise it. A byte that came
// between reading and clearing could leave it up with the ring full, and the interrupt never end.
bool uart_holds_byte(void) {
    if (!(UART->state & STATE_RX_FULL)) {
        return false;
    }
    UART->interrupt = INTERRUPT_RX;
    return true;
}

int uart_take_byte(void) {
    return UART->data & 0xff;
}

void uart_putc(int c) {
    while (UART->state & STATE_TX_FULL) {
    }
    UART->data = c;
}
