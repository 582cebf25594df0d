// SPDX-License-Identifier: MIT
// RISC-V, machine mode, on QEMU's virt machine: start, traps, clock, memory protection, fault report, and the
// way out through semihosting. CSRs: RISC-V Privileged Architecture, version 20211203, chapter 3. CLINT and
// PLIC: SiFive FU540-C000 manual, chapters 9 and 10, at the addresses of QEMU's hw/riscv/virt.c.
#include <stdio.h>

#include "py/mphal.h"
#include "py/runtime.h"

#include "board.h"
#include "port.h"

#define REG(address) (*(volatile uint32_t *)(address))
#define MTIMECMP ((volatile uint32_t *)0x02004000)
#define MTIME ((volatile uint32_t *)0x0200BFF8)
#define PLIC_PRIORITY ((volatile uint32_t *)0x0C000000)
#define PLIC_ENABLE ((volatile uint32_t *)0x0C002000)
#define PLIC_CLAIM REG(0x0C200004)
#define TEST_FINISHER REG(0x00100000)

#define FINISHER_RESET 0x7777
#define MSTATUS_MIE (1u << 3)
#define MSTATUS_MPP (3u << 11)
#define MSTATUS_MPRV (1u << 17)
#define MIE_TIMER (1u << 7)
#define MIE_EXTERNAL (1u << 11)
#define CAUSE_INTERRUPT (1u << 31)
#define CAUSE_TIMER (CAUSE_INTERRUPT | 7)
#define CAUSE_EXTERNAL (CAUSE_INTERRUPT | 11)

// Without this the assembler knows no CSRs; -march=rv32imc_zicsr would do too, but has no libgcc of its own.
__asm(".option arch, +zicsr");

#define csr_read(name) \
    ({ \
        uint32_t value_; \
        __asm volatile("csrr %0, " #name : "=r"(value_)); \
        value_; \
    })
#define csr_write(name, value) __asm volatile("csrw " #name ", %0" : : "r"(value) : "memory")
#define csr_set(name, bits) __asm volatile("csrs " #name ", %0" : : "r"(bits) : "memory")
#define csr_clear(name, bits) __asm volatile("csrc " #name ", %0" : : "r"(bits) : "memory")

extern uint32_t data_start[], data_end[], data_load[], bss_start[], bss_end[];
extern uint8_t handler_stack_top[];

int main(void);

// Semihosting ------------------------------------------------------------------------------------

// The three instructions must be of four bytes each and lie in one page.
__attribute__((noinline, aligned(16))) uint32_t cpu_semihost(uint32_t operation, const void *argument) {
    register uint32_t a0 __asm("a0") = operation;
    register const void *a1 __asm("a1") = argument;
    __asm volatile(".option push\n"
                   ".option norvc\n"
                   "slli x0, x0, 0x1f\n"
                   "ebreak\n"
                   "srai x0, x0, 7\n"
                   ".option pop\n"
                   : "+r"(a0)
                   : "r"(a1)
                   : "memory");
    return a0;
}

void cpu_reset(void) {
    TEST_FINISHER = FINISHER_RESET;
    for (;;) {
    }
}

// Interrupts -------------------------------------------------------------------------------------

uint32_t cpu_disable_interrupts(void) {
    uint32_t state;
    __asm volatile("csrrc %0, mstatus, %1" : "=r"(state) : "r"(MSTATUS_MIE) : "memory");
    return state & MSTATUS_MIE;
}

void cpu_restore_interrupts(uint32_t state) {
    csr_set(mstatus, state);
}

void cpu_enable_irq(unsigned irq) {
    PLIC_PRIORITY[irq] = 1;
    PLIC_ENABLE[irq / 32] |= 1u << (irq % 32);
}

// The timer ends the sleep after 100 ms at the latest.
void cpu_wait_for_interrupt(void) {
    uint64_t end = cpu_cycles() + BOARD_CLOCK_HZ / 10;
    MTIMECMP[1] = 0xffffffff;
    MTIMECMP[0] = (uint32_t)end;
    MTIMECMP[1] = end >> 32;
    csr_set(mie, MIE_TIMER);
    __asm volatile("wfi" : : : "memory");
    csr_clear(mie, MIE_TIMER);
}

// Threads ----------------------------------------------------------------------------------------

#define KEPT_BYTES 64 // on the stack of the one that is left: ra, s0 to s11

void *cpu_new_stack(void *top, void (*entry)(void)) {
    uintptr_t sp = ((uintptr_t)top & ~(uintptr_t)15) - KEPT_BYTES;
    *(uintptr_t *)sp = (uintptr_t)entry;
    return (void *)sp;
}

__attribute__((naked)) void cpu_switch_stack(void **from, void *to, void *bottom) {
    __asm volatile("addi sp, sp, -64\n"
                   "sw ra, 0(sp)\n sw s0, 4(sp)\n sw s1, 8(sp)\n sw s2, 12(sp)\n sw s3, 16(sp)\n"
                   "sw s4, 20(sp)\n sw s5, 24(sp)\n sw s6, 28(sp)\n sw s7, 32(sp)\n sw s8, 36(sp)\n"
                   "sw s9, 40(sp)\n sw s10, 44(sp)\n sw s11, 48(sp)\n"
                   "sw sp, 0(a0)\n"
                   "mv sp, a1\n"
                   "lw ra, 0(sp)\n lw s0, 4(sp)\n lw s1, 8(sp)\n lw s2, 12(sp)\n lw s3, 16(sp)\n"
                   "lw s4, 20(sp)\n lw s5, 24(sp)\n lw s6, 28(sp)\n lw s7, 32(sp)\n lw s8, 36(sp)\n"
                   "lw s9, 40(sp)\n lw s10, 44(sp)\n lw s11, 48(sp)\n"
                   "addi sp, sp, 64\n"
                   "ret\n");
}

// Clock ------------------------------------------------------------------------------------------

uint64_t cpu_cycles(void) {
    uint32_t high, low;
    do {
        high = MTIME[1];
        low = MTIME[0];
    } while (high != MTIME[1]);
    return (uint64_t)high << 32 | low;
}

// Memory protection ------------------------------------------------------------------------------
// What is flash on a real board must fault here as well when somebody writes to it. Machine mode obeys only
// entries that are locked until reset. So loads and stores run with the rights of user mode (MPRV, with MPP
// of user mode): a trap goes on with machine mode's rights, and mret restores this.

enum { PMP_CODE, PMP_ROMFS, PMP_GUARD, PMP_REST };
enum { ACCESS_NONE = 0, ACCESS_READ_ONLY = 1, ACCESS_READ_WRITE = 3 };

// A natural power of two: the address, with a zero and ones below that say its size.
static uint32_t napot(uintptr_t address, uint32_t bytes) {
    return address >> 2 | ((bytes >> 3) - 1);
}

static void pmp_access(uint32_t entry, uint32_t access) {
    csr_clear(pmpcfg0, 0xffu << 8 * entry);
    csr_set(pmpcfg0, (3u << 3 | access) << 8 * entry);
    __asm volatile("sfence.vma" : : : "memory");
}

void cpu_protect_rom(bool protect) {
    pmp_access(PMP_ROMFS, protect ? ACCESS_READ_ONLY : ACCESS_READ_WRITE);
}

static void pmp_init(void) {
    csr_write(pmpaddr0, napot(BOARD_CODE_ADDRESS, BOARD_CODE_BYTES));
    csr_write(pmpaddr1, napot(BOARD_ROMFS_ADDRESS, BOARD_ROMFS_BYTES));
    csr_write(pmpaddr2, napot((uintptr_t)stack_bottom, GUARD_BYTES));
    csr_write(pmpaddr3, 0xffffffff);
    pmp_access(PMP_CODE, ACCESS_READ_ONLY);
    pmp_access(PMP_GUARD, ACCESS_NONE);
    pmp_access(PMP_REST, ACCESS_READ_WRITE);
    cpu_protect_rom(true);
    csr_clear(mstatus, MSTATUS_MPP);
    csr_set(mstatus, MSTATUS_MPRV);
}

void cpu_init(void) {
    pmp_init();
    csr_write(mie, MIE_EXTERNAL);
    csr_set(mstatus, MSTATUS_MIE);
}

// Traps ------------------------------------------------------------------------------------------

// One line, then QEMU ends.
static void fault_report(uint32_t cause, const uint8_t *sp, uint32_t ra) {
    static const char *const names[8] = {
        "misaligned jump", "jump", "illegal instruction", "breakpoint",
        "misaligned load", "load", "misaligned store",    "store",
    };
    static char line[200];
    bool overflow = sp < stack_bottom + GUARD_BYTES;
    snprintf(line, sizeof(line), "\r\nFATAL: %s %u at pc=0x%08x ra=0x%08x%s (address=0x%08x)\r\n",
             cause < 8 ? names[cause] : "trap", (unsigned)cause, (unsigned)csr_read(mepc), (unsigned)ra,
             overflow ? ", stack overflow" : "", (unsigned)csr_read(mtval));
    cpu_die(line);
}

__attribute__((used)) static void handle_trap(uint32_t cause, const uint8_t *sp, uint32_t ra) {
    if (cause == CAUSE_EXTERNAL) {
        uint32_t irq = PLIC_CLAIM;
        if (irq == BOARD_UART_RX_IRQ) {
            uart_isr();
        }
        PLIC_CLAIM = irq;
    } else if (cause == CAUSE_TIMER) {
        csr_clear(mie, MIE_TIMER);  // it has ended a sleep
    } else {
        fault_report(cause, sp, ra);
    }
}

// Handlers run on a stack of their own, so that they survive the overflow of Python's; mscratch holds its top
// while Python runs. They save what a C function may overwrite.
__attribute__((naked, aligned(4))) static void trap(void) {
    __asm volatile("csrrw sp, mscratch, sp\n"
                   "addi sp, sp, -64\n"
                   "sw ra, 0(sp)\n sw t0, 4(sp)\n sw t1, 8(sp)\n sw t2, 12(sp)\n"
                   "sw a0, 16(sp)\n sw a1, 20(sp)\n sw a2, 24(sp)\n sw a3, 28(sp)\n"
                   "sw a4, 32(sp)\n sw a5, 36(sp)\n sw a6, 40(sp)\n sw a7, 44(sp)\n"
                   "sw t3, 48(sp)\n sw t4, 52(sp)\n sw t5, 56(sp)\n sw t6, 60(sp)\n"
                   "csrr a0, mcause\n"
                   "csrr a1, mscratch\n"
                   "mv a2, ra\n"
                   "call handle_trap\n"
                   "lw ra, 0(sp)\n lw t0, 4(sp)\n lw t1, 8(sp)\n lw t2, 12(sp)\n"
                   "lw a0, 16(sp)\n lw a1, 20(sp)\n lw a2, 24(sp)\n lw a3, 28(sp)\n"
                   "lw a4, 32(sp)\n lw a5, 36(sp)\n lw a6, 40(sp)\n lw a7, 44(sp)\n"
                   "lw t3, 48(sp)\n lw t4, 52(sp)\n lw t5, 56(sp)\n lw t6, 60(sp)\n"
                   "addi sp, sp, 64\n"
                   "csrrw sp, mscratch, sp\n"
                   "mret\n");
}

// Start ------------------------------------------------------------------------------------------

__attribute__((used)) static void start(void) {
    csr_write(mtvec, trap);
    csr_write(mscratch, handler_stack_top);
    for (uint32_t *from = data_load, *to = data_start; to < data_end;) {
        *to++ = *from++;
    }
    for (uint32_t *to = bss_start; to < bss_end;) {
        *to++ = 0;
    }
    main();
    cpu_exit(0);
}

__attribute__((naked, section(".vectors"))) void reset(void) {
    __asm volatile("la sp, stack_top\n"
                   "j start\n");
}
