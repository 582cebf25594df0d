/* SPDX-License-Identifier: MIT
 *
 * Armv7-M without the DSP extension: Cortex-M3. Multiply and accumulate in one instruction, long products,
 * words from any address.
 */
#define MG_SIMD_NAME "armv7m"

#include "scalar.h"
