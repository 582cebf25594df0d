/* SPDX-License-Identifier: MIT
 *
 * The vector table that lets newlib's semihosting start-up code run on an emulated Cortex-M. It asks
 * the emulator for its stack, so that the first entry only has to be memory.
 */
#include <stdint.h>

void _mainCRTStartup(void);

__attribute__((section(".vectors"), used)) static const uintptr_t VECTORS[16] = {
    0x20400000u, (uintptr_t)_mainCRTStartup,
};
