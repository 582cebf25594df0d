// SPDX-License-Identifier: MIT
// Arm Cortex-M: vectors, reset, clock, memory protection, fault report, and the way out through
// semihosting. Register names and bits: Armv7-M Architecture Reference Manual, DDI 0403, part B3, and
// Armv8-M's, DDI 0553, part D1.
#include <stdio.h>

#include "py/mphal.h"
#include "py/runtime.h"

#include "board.h"
#include "port.h"

#define REG(address) (*(volatile uint32_t *)(address))
#define SYST_CSR REG(0xE000E010)
#define SYST_RVR REG(0xE000E014)
#define SYST_CVR REG(0xE000E018)
#define NVIC_ISER ((volatile uint32_t *)0xE000E100)
#define SCB_ICSR REG(0xE000ED04)
#define SCB_AIRCR REG(0xE000ED0C)
#define SCB_SHCSR REG(0xE000ED24)
#define SCB_CFSR REG(0xE000ED28)
#define SCB_HFSR REG(0xE000ED2C)
#define SCB_MMFAR REG(0xE000ED34)
#define SCB_BFAR REG(0xE000ED38)
#define SCB_CCR REG(0xE000ED14)
#define SCB_CPACR REG(0xE000ED88)
#define MPU_TYPE REG(0xE000ED90)
#define MPU_CTRL REG(0xE000ED94)
#define MPU_RNR REG(0xE000ED98)
#define MPU_RBAR REG(0xE000ED9C)
#if __ARM_ARCH >= 8
#define MPU_RLAR REG(0xE000EDA0)
#define MPU_MAIR0 REG(0xE000EDC0)
#else
#define MPU_RASR REG(0xE000EDA0)
#endif

#define ICSR_PENDSTSET (1u << 26)
#define CCR_LOB (1u << 19)
#define SYSTICK_PERIOD (1u << 24)

extern uint32_t data_start[], data_end[], data_load[], bss_start[], bss_end[];
extern uint8_t handler_stack_top[];

int main(void);

// Semihosting ------------------------------------------------------------------------------------

uint32_t cpu_semihost(uint32_t operation, const void *argument) {
    register uint32_t r0 __asm("r0") = operation;
    register const void *r1 __asm("r1") = argument;
    __asm volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

// Interrupts -------------------------------------------------------------------------------------

uint32_t cpu_disable_interrupts(void) {
    uint32_t state;
    __asm volatile("mrs %0, primask\n cpsid i" : "=r"(state) : : "memory");
    return state;
}

void cpu_restore_interrupts(uint32_t state) {
    __asm volatile("msr primask, %0" : : "r"(state) : "memory");
}

void cpu_wait_for_interrupt(void) {
    __asm volatile("dsb\n wfi" : : : "memory");
}

void cpu_enable_irq(unsigned irq) {
    NVIC_ISER[irq / 32] = 1u << (irq % 32);
}

void cpu_reset(void) {
    SCB_AIRCR = 0x05FA0004;
    for (;;) {
    }
}

// Threads ----------------------------------------------------------------------------------------

// Where the one that is left was called, the registers that a function keeps, the lowest first: of the FPU, r8 to r11,
// r4 to r7, and the address to go on at.
#ifdef __ARM_FP
#define FPU_WORDS 16
#define PUSH_FPU "vpush {s16-s31}\n"
#define POP_FPU "vpop {s16-s31}\n"
#else
#define FPU_WORDS 0
#define PUSH_FPU
#define POP_FPU
#endif
#if __ARM_ARCH >= 8
#define LIFT_LIMIT "movs r3, #0\n msr psplim, r3\n"
#define SET_LIMIT "msr psplim, r2\n"
#else
#define LIFT_LIMIT
#define SET_LIMIT
#endif

void *cpu_new_stack(void *top, void (*entry)(void)) {
    uint32_t *end = (uint32_t *)((uintptr_t)top & ~7u);
    *--end = (uintptr_t)entry;
    return end - 8 - FPU_WORDS;
}

__attribute__((naked)) void cpu_switch_stack(void **from, void *to, void *bottom) {
    __asm volatile("push {r4-r7, lr}\n"
                   "mov r4, r8\n mov r5, r9\n mov r6, r10\n mov r7, r11\n"
                   "push {r4-r7}\n" PUSH_FPU "mov r3, sp\n"
                   "str r3, [r0]\n" LIFT_LIMIT "mov sp, r1\n" SET_LIMIT POP_FPU "pop {r4-r7}\n"
                   "mov r8, r4\n mov r9, r5\n mov r10, r6\n mov r11, r7\n"
                   "pop {r4-r7, pc}\n");
}

// Clock ------------------------------------------------------------------------------------------
// SysTick runs free over its whole 24 bits, so that a host that was busy elsewhere for half a
// second still loses no tick.

static volatile uint32_t systick_wraps;

static void systick_isr(void) {
    systick_wraps++;
}

uint64_t cpu_cycles(void) {
    uint32_t state = cpu_disable_interrupts();
    uint64_t wraps = systick_wraps;
    uint32_t left = SYST_CVR;
    if (SCB_ICSR & ICSR_PENDSTSET) {  // wrapped, and the handler has not run yet
        left = SYST_CVR;
        wraps++;
    }
    cpu_restore_interrupts(state);
    return wraps * SYSTICK_PERIOD + (SYSTICK_PERIOD - 1 - left);
}

// Memory protection ------------------------------------------------------------------------------
// What is flash on a real board must fault here as well when somebody writes to it; that includes
// address 0, where a null pointer leads.

enum { MPU_CODE, MPU_ROMFS, MPU_GUARD, MPU_NULL };

// A core without an MPU reads zero.
static bool has_mpu(void) {
    return MPU_TYPE != 0;
}

#if __ARM_ARCH >= 8

enum { ACCESS_READ_WRITE = 0, ACCESS_READ_ONLY = 2 };  // privileged code alone

static void mpu_region(uint32_t number, uintptr_t address, uint32_t bytes, uint32_t access) {
    MPU_MAIR0 = 0xff;  // attribute 0: ordinary memory
    MPU_RNR = number;
    MPU_RBAR = address | access << 1;
    MPU_RLAR = ((address + bytes - 1) & ~31u) | 1;
    __asm volatile("dsb\n isb" : : : "memory");
}

// No region can forbid everything here; the core compares the stack pointer instead.
static void guard_stack(void) {
    __asm volatile("msr psplim, %0" : : "r"(stack_bottom));
}

#else

enum { ACCESS_NONE = 0, ACCESS_READ_WRITE = 3, ACCESS_READ_ONLY = 6 };

// bytes: a power of two, at which `address` is aligned.
static void mpu_region(uint32_t number, uintptr_t address, uint32_t bytes, uint32_t access) {
    MPU_RNR = number;
    MPU_RBAR = address;
    MPU_RASR = access << 24 | 0x2u << 16 | (__builtin_ctz(bytes) - 1) << 1 | 1;
    __asm volatile("dsb\n isb" : : : "memory");
}

static void guard_stack(void) {
    if (has_mpu()) {
        mpu_region(MPU_GUARD, (uintptr_t)stack_bottom, GUARD_BYTES, ACCESS_NONE);
    }
}

#endif

void cpu_protect_rom(bool protect) {
    if (has_mpu()) {
        mpu_region(MPU_ROMFS, BOARD_ROMFS_ADDRESS, BOARD_ROMFS_BYTES, protect ? ACCESS_READ_ONLY : ACCESS_READ_WRITE);
    }
}

static void mpu_init(void) {
    guard_stack();
    if (!has_mpu()) {
        return;
    }
    mpu_region(MPU_CODE, BOARD_CODE_ADDRESS, BOARD_CODE_BYTES, ACCESS_READ_ONLY);
    if (BOARD_CODE_ADDRESS != 0) {  // the same memory may show at 0 as well
        mpu_region(MPU_NULL, 0, BOARD_CODE_BYTES, ACCESS_READ_ONLY);
    }
    cpu_protect_rom(true);
    MPU_CTRL = 5;  // on, and everything else keeps its default map
    SCB_SHCSR |= 7u << 16;  // usage, bus and memory faults have handlers of their own
}

void cpu_init(void) {
    mpu_init();
    SYST_RVR = SYSTICK_PERIOD - 1;
    SYST_CVR = 0;
    SYST_CSR = 7;  // processor clock, interrupt, on
}

// Faults -----------------------------------------------------------------------------------------

typedef struct {
    uint32_t r0, r1, r2, r3, r12, lr, pc, xpsr;
} exception_frame_t;

// One line, then QEMU ends.
__attribute__((used)) static void fault_report(const exception_frame_t *frame, uint32_t kind) {
    static const char *const names[16] = {
        [2] = "NMI", "HardFault", "MemManage", "BusFault", "UsageFault",
    };
    const char *name = kind < 16 && names[kind] != NULL ? names[kind] : "exception";
    if (has_mpu()) {
        MPU_CTRL = 0;  // the frame may lie in the guard
    }
    bool overflow = (const uint8_t *)frame < stack_bottom + GUARD_BYTES;
    static char line[200];
    snprintf(line, sizeof(line),
             "\r\nFATAL: %s %u at pc=0x%08x lr=0x%08x%s"
             " (CFSR=0x%08x HFSR=0x%08x MMFAR=0x%08x BFAR=0x%08x)\r\n",
             name, (unsigned)kind, (unsigned)frame->pc, (unsigned)frame->lr, overflow ? ", stack overflow" : "",
             (unsigned)SCB_CFSR, (unsigned)SCB_HFSR, (unsigned)SCB_MMFAR, (unsigned)SCB_BFAR);
    cpu_die(line);
}

// The frame lies on the stack that was in use; bit 2 of the return code in lr says which one.
__attribute__((naked)) static void fault_isr(void) {
    __asm volatile("movs r0, #4\n"
                   "mov r1, lr\n"
                   "tst r0, r1\n"
                   "bne 1f\n"
                   "mrs r0, msp\n"
                   "b 2f\n"
                   "1: mrs r0, psp\n"
                   "2: mrs r1, ipsr\n"
                   "ldr r2, =fault_report\n"
                   "bx r2\n"
                   ".ltorg\n");
}

// Start ------------------------------------------------------------------------------------------

__attribute__((used)) static void start(void) {
#if defined(__ARM_FP)
    SCB_CPACR |= 0xFu << 20;  // full access to CP10 and CP11: FPU and Helium are off after reset
#if defined(__ARM_FEATURE_MVE)
    SCB_CCR |= CCR_LOB;  // loops with lr as their counter
#endif
    __asm volatile("dsb\n isb" : : : "memory");
#endif
    for (uint32_t *from = data_load, *to = data_start; to < data_end;) {
        *to++ = *from++;
    }
    for (uint32_t *to = bss_start; to < bss_end;) {
        *to++ = 0;
    }
    main();
    cpu_exit(0);
}

// Python runs on the process stack, handlers on the main one, so that they survive its overflow.
__attribute__((naked)) void reset(void) {
    __asm volatile("ldr r0, =stack_top\n"
                   "msr psp, r0\n"
                   "movs r0, #2\n"
                   "msr control, r0\n"
                   "isb\n"
                   "ldr r0, =start\n"
                   "bx r0\n"
                   ".ltorg\n");
}

typedef void (*vector_t)(void);

__attribute__((section(".vectors"), used)) static const vector_t vectors[16 + 64] = {
    [0] = (vector_t)handler_stack_top,
    [1] = reset,
    [2 ... 14] = fault_isr,
    [15] = systick_isr,
    [16 ... 79] = fault_isr,
    [16 + BOARD_UART_RX_IRQ] = uart_isr,
};
