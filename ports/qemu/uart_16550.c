// SPDX-License-Identifier: MIT
// UART of the 16550 kind (National Semiconductor PC16550D data sheet, section 8), registers a byte apart.
#include "py/ringbuf.h"
#include "py/runtime.h"
#include "shared/runtime/interrupt_char.h"

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

static uint8_t received_bytes[4096];
static ringbuf_t received = { received_bytes, sizeof(received_bytes), 0, 0 };

void uart_init(void) {
    UART->line_control = LINE_8_BITS;
    UART->fifo_control = FIFO_ON;
    UART->interrupt_enable = INTERRUPT_RX;
    cpu_enable_irq(BOARD_UART_RX_IRQ);
}

// With the ring full the bytes stay in the UART and its interrupt goes off: QEMU then holds the rest back in
// the pty. A host that sends faster than Python reads waits, and loses nothing.
void uart_isr(void) {
    while (UART->line_status & STATUS_RX_FULL) {
        if (ringbuf_free(&received) == 0) {
            UART->interrupt_enable = 0;
            break;
        }
        int c = UART->data;
        if (c == mp_interrupt_char) {
            mp_sched_keyboard_interrupt();
        } else {
            ringbuf_put(&received, c);
        }
    }
}

int uart_getc(void) {
    uint32_t state = cpu_disable_interrupts();
    int c = ringbuf_get(&received);
    if (!(UART->interrupt_enable & INTERRUPT_RX)) {
        UART->interrupt_enable = INTERRUPT_RX;
        uart_isr();
    }
    cpu_restore_interrupts(state);
    return c;
}

bool uart_readable(void) {
    return ringbuf_avail(&received) != 0;
}

void uart_putc(int c) {
    while (!(UART->line_status & STATUS_TX_EMPTY)) {
    }
    UART->data = c;
}
