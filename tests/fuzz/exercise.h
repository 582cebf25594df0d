/* SPDX-License-Identifier: MIT
 *
 * What a hostile file may do to the core, and proof that it does no more. The fuzzer, the replay of
 * its findings and the tests that alter bytes all call this.
 */
#ifndef MG_EXERCISE_H
#define MG_EXERCISE_H

#include "midge.h"

typedef enum { EXERCISE_REFUSED, EXERCISE_ACCEPTED, EXERCISE_RAN } exercise_t;

/* Sets magic, version, size and checksum right, so that changes get past the header. */
void exercise_repair(uint8_t *file, size_t size);

/* Opens a copy of the file that starts `offset` after a multiple of 16 and, where it is accepted and
 * not too large, runs it. Aborts when the core
 *   - refuses without a message, or accepts what a second look refuses
 *   - reads or writes after the file or the arena, or in the arena outside the tensors and the
 *     scratch of the node that runs (AddressSanitizer sees to these)
 *   - changes the file or a node's inputs
 *   - gives an output that depends on what lay in the scratch. */
exercise_t exercise(const uint8_t *file, size_t size, uint32_t offset, mg_error_t *error);

/* The number of steps of innermost loops that a run takes. */
uint64_t exercise_work(const mg_model_t *model);

#endif
