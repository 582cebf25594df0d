/* SPDX-License-Identifier: MIT
 *
 * The instruction table for the plugin: QEMU's of its core de212, which is little-endian and windowed.
 */
#include <stdint.h>

#include "ansidecl.h"
#include "target/xtensa/core-de212/xtensa-modules.c.inc"
