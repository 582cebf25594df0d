/* SPDX-License-Identifier: MIT
 *
 * Sizes, counts and offsets that follow from a file's fields. No file and no arena has more than MG_MOST bytes, so
 * 32 bits are enough: what would need more becomes UINT32_MAX. Whatever is added to that, multiplied with it or
 * rounded up stays above MG_MOST and fits nothing, and equals the size of nothing. So a check forms sizes with these
 * functions alone, and compares a size before it subtracts from it or divides it.
 */
#ifndef MG_SIZES_H
#define MG_SIZES_H

#include <stdint.h>

#define MG_MOST ((uint32_t)INT32_MAX)

uint32_t mg_plus(uint32_t a, uint32_t b);
uint32_t mg_times(uint32_t a, uint32_t b);
uint32_t mg_times4(uint32_t a, uint32_t b, uint32_t c, uint32_t d);

/* The next multiple of a power of two. */
uint32_t mg_round_up(uint32_t a, uint32_t multiple);

#endif
