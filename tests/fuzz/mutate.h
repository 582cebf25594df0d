/* SPDX-License-Identifier: MIT
 *
 * Changes of .midge files that keep more of them sound than blind ones do: shapes stand in the tensors and in
 * the parameters, and both must agree before a kernel runs.
 */
#ifndef MG_MUTATE_H
#define MG_MUTATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Alters one field of the header, a tensor or a node to whatever; false where the file has no such records. */
bool mutate_field(uint8_t *file, size_t size, uint32_t seed);

/* Keeps one node of the file, alters its parameters within what the op's own check accepts, and gives its tensors
 * and scratch the sizes that the check asks for, not a byte more. The data section may grow up to max_size bytes
 * of file. Returns the file's new size; 0, with the file in any state, where nothing could be made of it. */
size_t mutate_node(uint8_t *file, size_t size, size_t max_size, uint32_t seed);

#endif
