// SPDX-License-Identifier: MIT
// Console and time for MicroPython, over the CPU and the UART.
#include "py/mphal.h"
#include "py/mpthread.h"
#include "py/runtime.h"
#include "py/stream.h"

#include "board.h"

#define CYCLES_PER_US (BOARD_CLOCK_HZ / 1000000)

// Sleep until something happens. Interrupts stay off from the check to the sleep, or one that
// comes in between would be slept through.
static void wait_for_event(void) {
    if (machine_timer_poll() | mp_thread_pause()) {
        return; // no interrupt would come when one is due, or another thread has something to do
    }
    uint32_t state = cpu_disable_interrupts();
    if (!uart_readable() && MP_STATE_MAIN_THREAD(mp_pending_exception) == MP_OBJ_NULL) {
        cpu_wait_for_interrupt();
    }
    cpu_restore_interrupts(state);
}

int mp_hal_stdin_rx_chr(void) {
    for (;;) {
        int c = uart_getc();
        if (c >= 0) {
            return c;
        }
        mp_handle_pending(true);
        wait_for_event();
    }
}

uintptr_t mp_hal_stdio_poll(uintptr_t poll_flags) {
    return poll_flags & (MP_STREAM_POLL_WR | (uart_readable() ? MP_STREAM_POLL_RD : 0));
}

mp_uint_t mp_hal_stdout_tx_strn(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        uart_putc(text[i]);
    }
    return length;
}

static bool skip_waits;
static uint64_t skipped_us;

uint64_t board_us(void) {
    return cpu_cycles() / CYCLES_PER_US + skipped_us;
}

void board_skip_waits(bool skip) {
    skip_waits = skip;
}

mp_uint_t mp_hal_ticks_cpu(void) {
    return cpu_cycles();
}

mp_uint_t mp_hal_ticks_us(void) {
    return board_us();
}

mp_uint_t mp_hal_ticks_ms(void) {
    return board_us() / 1000;
}

void mp_hal_delay_us(mp_uint_t us) {
    if (skip_waits) {
        skipped_us += us;
        return;
    }
    uint64_t end = board_us() + us;
    while (board_us() < end) {
    }
}

void mp_hal_delay_ms(mp_uint_t ms) {
    if (skip_waits) {
        skipped_us += 1000ull * ms;
        machine_timer_poll();
        mp_event_handle_nowait();
        mp_thread_pause();
        return;
    }
    uint64_t end = board_us() + 1000ull * ms;
    while (board_us() < end) {
        machine_timer_poll();
        mp_event_handle_nowait();
        mp_thread_pause();
    }
}

// The host is asked once; from then on our own clock counts, so that time never jumps but when it is set.
static uint64_t epoch_us;

uint64_t mp_hal_time_ns(void) {
    if (epoch_us == 0) {
        mp_hal_set_time_us(1000000ull * cpu_host_time());
    }
    return (epoch_us + board_us()) * 1000;
}

void mp_hal_set_time_us(uint64_t since_1970_us) {
    epoch_us = since_1970_us - board_us();
}
