// SPDX-License-Identifier: MIT
// What the files of this port know of each other: the CPU and the UART behind names that any core
// can provide.
#ifndef MIDGE_PORTS_QEMU_PORT_H
#define MIDGE_PORTS_QEMU_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// From the linker script; only the addresses mean something.
extern uint8_t heap_start[], heap_end[], stack_top[], stack_bottom[];

// The end of the stack, of which every access faults; what protects it has a least size.
#ifdef __riscv
#define GUARD_BYTES 4096
#else
#define GUARD_BYTES 256
#endif

// cpu: <family>.c
void cpu_init(void);
uint64_t cpu_cycles(void);                     // since reset, at BOARD_CLOCK_HZ
void cpu_wait_for_interrupt(void);             // also ends on one that is disabled
uint32_t cpu_disable_interrupts(void);         // returns the state to hand back
void cpu_restore_interrupts(uint32_t state);
void cpu_enable_irq(unsigned irq);
void *cpu_new_stack(void *top, void (*entry)(void)); // what to switch to
void cpu_switch_stack(void **from, void *to, void *bottom); // leaves in *from what to switch to later
void cpu_protect_rom(bool protect);            // while on, a write to the ROMFS region faults
_Noreturn void cpu_reset(void);
uint32_t cpu_semihost(uint32_t operation, const void *argument);

// cpu: semihost.c
uint32_t cpu_host_time(void);                  // seconds since 1970, from the host
_Noreturn void cpu_exit(int status);           // ends QEMU with this status
_Noreturn void cpu_die(const char *line);      // says so first

// time: mphalport.c
uint64_t board_us(void);                       // since reset
void board_skip_waits(bool skip);              // let time jump where it is only waited for

// timers: machine_timer.c
bool machine_timer_poll(void);                 // hands due ones to the scheduler; whether any run

// sound: machine_i2s.c
uint64_t i2s_lost(void);                       // samples of the microphone that found the ring full

// uart: uart.c
void uart_init(void);
void uart_isr(void);
int uart_getc(void);                           // -1 when nothing has arrived
bool uart_readable(void);

// uart: uart_<kind>.c
void uart_start(void);
void uart_enable_interrupt(bool on);           // of a byte that arrives
bool uart_holds_byte(void);                    // and takes its interrupt as seen
int uart_take_byte(void);
void uart_putc(int c);

#endif
