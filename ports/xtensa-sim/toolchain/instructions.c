/* SPDX-License-Identifier: MIT
 *
 * The instruction table for the plugin: QEMU's of its core de233_fpu, which is little-endian and windowed, and
 * has all that ESP32 has but MULSH.
 */
#include <stdint.h>

#include "ansidecl.h"
#include "target/xtensa/core-de233_fpu/xtensa-modules.c.inc"
