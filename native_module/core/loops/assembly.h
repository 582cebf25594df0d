/* SPDX-License-Identifier: MIT
 *
 * What files of assembly share. They find the fields of a struct at constants that are asserted against it:
 *
 *     #define WEIGHTS 0
 *     MG_ASSERT_AT(layer_t, weights, WEIGHTS);
 *     "ldr r1, [r0, #" MG_TEXT(WEIGHTS) "]\n"
 */
#ifndef MG_ASSEMBLY_H
#define MG_ASSEMBLY_H

#include <stddef.h>

#define MG_TEXT(constant) MG_TEXT_OF(constant)
#define MG_TEXT_OF(text) #text
#define MG_ASSERT_AT(type, field, offset) \
    _Static_assert(offsetof(type, field) == (offset), #type "." #field " is not where assembly expects it")

/* Functions that are all assembly, whose arguments are where the calling convention puts them. */
#define MG_NAKED __attribute__((naked))
#define MG_ARG __attribute__((unused))

/* The assembly between two local labels takes so many bytes: jumps into it are computed from that. */
#define MG_ASSERT_BYTES(from, to, bytes) \
    ".if " to " - " from " - (" bytes ")\n" \
    ".error \"a jump is computed from other sizes of code\"\n" \
    ".endif\n"

#endif
