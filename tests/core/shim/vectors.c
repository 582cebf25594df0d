/* SPDX-License-Identifier: MIT
 *
 * The vector table that lets newlib's semihosting start-up code run on an emulated Cortex-M. It asks
 * the emulator for its stack, so that the first entry only has to be memory.
 */
#include <stddef.h>
#include <stdint.h>

void _mainCRTStartup(void);

#ifdef HEAP /* for emulators that name a memory too small for the tests */
void *_sbrk(ptrdiff_t n);

void *_sbrk(ptrdiff_t n) {
    static char *end = (char *)HEAP;
    char *start = end;
    end += n;
    return start;
}
#endif

static void reset(void) {
#if defined(__ARM_FP)
    *(volatile uint32_t *)0xe000ed88 |= 0xfu << 20; /* CPACR: FPU, and with it Helium */
#endif
#if defined(__ARM_FEATURE_MVE)
    *(volatile uint32_t *)0xe000ed14 |= 1u << 19; /* CCR.LOB: low-overhead loops */
#endif
    _mainCRTStartup();
}

__attribute__((section(".vectors"), used)) static const uintptr_t VECTORS[16] = {
    0x20080000u,
    (uintptr_t)reset,
};
