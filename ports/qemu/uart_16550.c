// SPDX-License-Identifier: MIT
// UART of the 16550 kind (National Semiconductor PC16550D data sheet, section 8), registers a byte apart.
#include "board.h"
#include "port.h"

typedef struct {
    volatile uint8_t data, interrupt_enable, fifo_control, line_control, modem_control, line_status;
} uart_t;

enum { INTERRUPT_RX = 1 << 0 };
enum { FIFO_ON = 1 << 0 };
enum { LINE_8_BITS = 3 };
enum { STATUS_RX_FULL = 1 << 0, STATUS_TX_EMPTY = 1 << 5 };

#define UART ((uart_t *)BOARD_UART_ADDRESS)

void uart_start(void) {
    UART->line_control = LINE_8_BITS;
    UART->fifo_control = FIFO_ON;
}

void uart_enable_interrupt(bool on) {
    UART->interrupt_enable = on ? INTERRUPT_RX : 0;
}

bool uart_holds_byte(void) {
    return (UART->line_status & STATUS_RX_FULL) != 0;
}

int uart_take_byte(void) {
    return UART->data;
}

void uart_putc(int c) {
    while (!(UART->line_status & STATUS_TX_EMPTY)) {
    }
    UART->data = c;
}
