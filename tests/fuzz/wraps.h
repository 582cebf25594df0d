/* SPDX-License-Identifier: MIT
 *
 * Files with parameters whose products wrap at 2^31, 2^32, 2^63 or 2^64 and seem small then.
 */
#ifndef MG_WRAPS_H
#define MG_WRAPS_H

#include <stddef.h>
#include <stdint.h>

typedef void (*wrap_fn)(const uint8_t *file, size_t size);

/* Puts such factors into the parameters of a node in every choice of places, or many of them, with its weights in
 * `layout` where the op has layouts. Where the op's check accepts them for tensors of some size, although it would not
 * accept fewer of them, `found` gets a file of that node alone, and sometimes where it would. The file needs room for
 * max_size bytes, and is altered. Returns how many were tried. */
uint32_t for_each_wrap(uint8_t *file, size_t size, size_t max_size, uint32_t node, uint32_t layout, wrap_fn found);

/* One such file. Returns its size; 0, with the file in any state, where none came of it. */
size_t mutate_wrap(uint8_t *file, size_t size, size_t max_size, uint32_t seed);

#endif
