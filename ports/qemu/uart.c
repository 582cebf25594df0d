// SPDX-License-Identifier: MIT
// The console's input, from whatever UART the board has, through a ring.
#include "py/ringbuf.h"
#include "py/runtime.h"
#include "shared/runtime/interrupt_char.h"

#include "board.h"
#include "port.h"

static uint8_t received_bytes[4096];
static ringbuf_t received = {received_bytes, sizeof(received_bytes), 0, 0};
static volatile bool listening;

static void listen(bool on) {
    listening = on;
    uart_enable_interrupt(on);
}

void uart_init(void) {
    uart_start();
    listen(true);
    cpu_enable_irq(BOARD_UART_RX_IRQ);
}

// With the ring full the bytes stay in the UART and its interrupt goes off: QEMU then holds the rest back in
// the pty. A host that sends faster than Python reads waits, and loses nothing.
void uart_isr(void) {
    while (uart_holds_byte()) {
        if (ringbuf_free(&received) == 0) {
            listen(false);
            break;
        }
        int c = uart_take_byte();
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
    if (!listening) {
        listen(true);
        uart_isr();
    }
    cpu_restore_interrupts(state);
    return c;
}

bool uart_readable(void) {
    return ringbuf_avail(&received) != 0;
}
