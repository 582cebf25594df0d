/* SPDX-License-Identifier: MIT
 *
 * ESP32 and ESP32-S3 for the assembler. The S2 has no zero-overhead loops, no MAC16 and no float: GCC 12, which stays
 * one for the lx106, makes none of them, so they are only where assembly asks for them. MULSH, which all three have,
 * is in no table of QEMU's. Names and meanings: binutils' include/xtensa-dynconfig.h.
 * Source: ESP-IDF's xtensa/config/core-isa.h of each chip; the Xtensa ISA reference manual.
 */
#ifndef CORE_H
#define CORE_H

#define XCHAL_HAVE_DENSITY 1
#define XCHAL_HAVE_ABS 1
#define XCHAL_HAVE_ADDX 1
#define XCHAL_HAVE_L32R 1
#define XCHAL_HAVE_MUL16 1
#define XCHAL_HAVE_MUL32 1
#define XCHAL_HAVE_DIV32 1
#define XCHAL_HAVE_NSA 1
#define XCHAL_HAVE_MINMAX 1
#define XCHAL_HAVE_SEXT 1
#define XCHAL_HAVE_CLAMPS 1
#define XCHAL_HAVE_RELEASE_SYNC 1
#define XCHAL_HAVE_WINDOWED 1
#define XCHAL_HAVE_DEBUG 1

#define XCHAL_HAVE_BE 0
#define XCHAL_HAVE_CONST16 0
#define XCHAL_HAVE_MAC16 1
#define XCHAL_HAVE_MUL32_HIGH 0
#define XCHAL_HAVE_LOOPS 1
#define XCHAL_HAVE_THREADPTR 0
#define XCHAL_HAVE_S32C1I 0
#define XCHAL_HAVE_BOOLEANS 1
#define XCHAL_HAVE_FP 1
#define XCHAL_HAVE_FP_DIV 0
#define XCHAL_HAVE_FP_RECIP 0
#define XCHAL_HAVE_FP_SQRT 0
#define XCHAL_HAVE_FP_RSQRT 0
#define XCHAL_HAVE_WIDE_BRANCHES 0
#define XCHAL_HAVE_PREDICTED_BRANCHES 0
#define XCHAL_HAVE_MMU 0

#define XCHAL_NUM_AREGS 32
#define XCHAL_DATA_WIDTH 4
#define XCHAL_INST_FETCH_WIDTH 4
#define XCHAL_MAX_INSTRUCTION_SIZE 3
#define XCHAL_M_STAGE 2
#define XCHAL_NUM_IBREAK 2
#define XCHAL_NUM_DBREAK 2
#define XCHAL_DEBUGLEVEL 6
#define XCHAL_ICACHE_SIZE 0
#define XCHAL_ICACHE_LINESIZE 4
#define XCHAL_ICACHE_LINEWIDTH 2
#define XCHAL_DCACHE_SIZE 0
#define XCHAL_DCACHE_LINESIZE 4
#define XCHAL_DCACHE_LINEWIDTH 2
#define XCHAL_DCACHE_IS_WRITEBACK 0

#define XSHAL_USE_ABSOLUTE_LITERALS 0
#define XSHAL_HAVE_TEXT_SECTION_LITERALS 1
#define XTHAL_ABI_WINDOWED 0
#define XTHAL_ABI_CALL0 1
#define XSHAL_ABI XTHAL_ABI_WINDOWED
#define XTENSA_MARCH_LATEST 260003
#define XTENSA_MARCH_EARLIEST 260003

#endif
