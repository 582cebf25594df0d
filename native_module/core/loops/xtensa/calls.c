/* SPDX-License-Identifier: MIT
 *
 * What compilers call that were made for another Xtensa, by the names that they know, in the place of libgcc's: the
 * product of 64 bits by MULSH, and single operations on floats where there is an FPU. Both round as IEEE 754 demands, so
 * the results are the same. Division stays libgcc's: QEMU and the chips differ in the steps that lead to it.
 */
#include "../../simd/simd.h"

#if defined(MG_ISA_MAC16) && defined(__XTENSA_SOFT_FLOAT__) /* Espressif's compilers know the FPU of these chips */

#include "mac16.h"

/* a2, a3 one number, a4, a5 the other, lower halves first; a6 the upper half of the product. */
__asm__(MG_FUNCTION("__muldi3")
        MG_MULSH("6", "2", "4")
        "srai a7, a2, 31\n"
        "and a7, a7, a4\n"
        "add a6, a6, a7\n"
        "srai a7, a4, 31\n"
        "and a7, a7, a2\n"
        "add a6, a6, a7\n"
        "mull a7, a2, a5\n"
        "add a6, a6, a7\n"
        "mull a7, a3, a4\n"
        "add a3, a6, a7\n"
        "mull a2, a2, a4\n"
        "retw\n");

#define OPERANDS(name) \
    MG_FUNCTION(name) \
    "wfr f0, a2\n" \
    "wfr f1, a3\n"
#define OPERATION(name, operation) \
    OPERANDS(name) operation \
    " f0, f0, f1\n" \
    "rfr a2, f0\n" \
    "retw\n"
__asm__(OPERATION("__addsf3", "add.s") OPERATION("__subsf3", "sub.s") OPERATION("__mulsf3", "mul.s"));

/* One number if it holds, else another: the caller compares it with zero, and a NaN makes every comparison false. */
#define COMPARISON(name, comparison, holds, otherwise) \
    OPERANDS(name) comparison "\n" \
    "movi a2, " otherwise "\n" \
    "movi a4, " holds "\n" \
    "movt a2, a4, b0\n" \
    "retw\n"
__asm__(COMPARISON("__eqsf2", "oeq.s b0, f0, f1", "0", "1") COMPARISON("__nesf2", "oeq.s b0, f0, f1", "0", "1")
        COMPARISON("__ltsf2", "olt.s b0, f0, f1", "-1", "0") COMPARISON("__lesf2", "ole.s b0, f0, f1", "0", "1")
        COMPARISON("__gtsf2", "olt.s b0, f1, f0", "1", "0") COMPARISON("__gesf2", "ole.s b0, f1, f0", "0", "-1")
        COMPARISON("__unordsf2", "un.s b0, f0, f1", "1", "0"));

#define TO_FLOAT(name, conversion) \
    MG_FUNCTION(name) conversion \
    " f0, a2, 0\n" \
    "rfr a2, f0\n" \
    "retw\n"
#define TO_INTEGER(name, conversion) \
    MG_FUNCTION(name) \
    "wfr f0, a2\n" conversion \
    " a2, f0, 0\n" \
    "retw\n"
__asm__(TO_FLOAT("__floatsisf", "float.s") TO_FLOAT("__floatunsisf", "ufloat.s") TO_INTEGER("__fixsfsi", "trunc.s")
        TO_INTEGER("__fixunssfsi", "utrunc.s") ".text\n");

#endif
