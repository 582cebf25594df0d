// SPDX-License-Identifier: MIT
// UART of Arm's Cortex-M System Design Kit (DDI 0479, section 4.3).
#include "py/ringbuf.h"
#include "py/runtime.h"
#include "shared/runtime/interrupt_char.h"

#include "board.h"
#include "port.h"

typedef struct {
    volatile uint32_t data, state, ctrl, interrupt, bauddiv;
} uart_t;

enum { STATE_TX_FULL = 1 << 0, STATE_RX_FULL = 1 << 1 };
enum { CTRL_TX = 1 << 0, CTRL_RX = 1 << 1, CTRL_RX_INTERRUPT = 1 << 3 };
enum { INTERRUPT_RX = 1 << 1 };

#define UART ((uart_t *)BOARD_UART_ADDRESS)

static uint8_t received_bytes[4096];
static ringbuf_t received = { received_bytes, sizeof(received_bytes), 0, 0 };

void uart_init(void) {
    UART->bauddiv = 16;  // the smallest that is allowed; QEMU has no line speed
    UART->ctrl = CTRL_TX | CTRL_RX | CTRL_RX_INTERRUPT;
    cpu_enable_irq(BOARD_UART_RX_IRQ);
}

// With the ring full the byte stays in the UART and its interrupt goes off: QEMU then holds the
// rest back in the pty. A host that sends faster than Python reads waits, and loses nothing.
// The flag is cleared while the UART is full, when no further byte can raise it. A byte that came
// between reading and clearing could leave it up with the ring full, and the interrupt never end.
void uart_isr(void) {
    while (UART->state & STATE_RX_FULL) {
        UART->interrupt = INTERRUPT_RX;
        if (ringbuf_free(&received) == 0) {
            UART->ctrl &= ~CTRL_RX_INTERRUPT;
            break;
        }
        int c = UART->data & 0xff;
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
    if (!(UART->ctrl & CTRL_RX_INTERRUPT)) {
        UART->ctrl |= CTRL_RX_INTERRUPT;
        uart_isr();
    }
    cpu_restore_interrupts(state);
    return c;
}

bool uart_readable(void) {
    return ringbuf_avail(&received) != 0;
}

void uart_putc(int c) {
    while (UART->state & STATE_TX_FULL) {
    }
    UART->data = c;
}
