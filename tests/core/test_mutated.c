/* SPDX-License-Identifier: MIT
 *
 * Seeds whose parameters are others than any converter wrote, and still sound: the mutator of the fuzzer makes
 * them, for every op. A kernel must survive what its check accepts, under every backend.
 */
#include <string.h>

#include "check.h"
#include "exercise.h"
#include "mutate.h"

#define ROUNDS 30u
#define CHAIN 6u
#define FIELDS 4u
#define GROWTH 16384u

static uint32_t op_of(const uint8_t *file) {
    return mg_load_u16(file + mg_load_u32(file + 40));
}

/* Of each op some mutants, each made of the one before, are accepted and run; no two in a row are the same. */
static void mutated_seeds(void) {
    static uint32_t made[MG_OPS_END], ran[MG_OPS_END], refused[MG_OPS_END];
    for (size_t s = 0; s < n_seeds; s++) {
        uint8_t *file = allocate(seeds[s].size + GROWTH), *before = allocate(seeds[s].size + GROWTH);
        size_t size = seeds[s].size;
        memcpy(file, seeds[s].bytes, size);
        uint32_t rounds = ROUNDS * mg_load_u16(file + 26); /* by nodes */
        for (uint32_t round = 0; round < rounds; round++) {
            if (round % CHAIN == 0) { /* which keeps one node of the seed's */
                size = seeds[s].size;
                memcpy(file, seeds[s].bytes, size);
            }
            memcpy(before, file, size);
            size_t mutant = mutate_node(file, size, seeds[s].size + GROWTH, ((uint32_t)s << 16) + round);
            if (mutant == 0 || (mutant == size && memcmp(file, before, size) == 0)) {
                size = seeds[s].size; /* nothing came of it */
                memcpy(file, seeds[s].bytes, size);
                continue;
            }
            size = mutant;
            mg_error_t error;
            exercise_t result = exercise(file, size, round % 16, &error);
            uint32_t op = op_of(file);
            made[op]++;
            ran[op] += result == EXERCISE_RAN;
            memcpy(before, file, size);
            for (uint32_t i = 0; i < FIELDS; i++) { /* and what is sound no more must be refused, or do no harm */
                mutate_field(before, size, ((uint32_t)s << 16) + FIELDS * round + i);
                exercise_repair(before, size);
                mg_error_t ignored;
                exercise(before, size, 0, &ignored);
                memcpy(before, file, size);
            }
            if (result == EXERCISE_REFUSED && refused[op]++ == 0) {
                CHECK(false, "%s: op %u: a mutant that its check accepts is refused: %s: %u, %u", seeds[s].name,
                      (unsigned)op, error.message, (unsigned)error.found, (unsigned)error.wanted);
            }
        }
        free(before);
        free(file);
    }
    for (uint32_t op = 1; op < MG_OPS_END; op++) {
        CHECK(ran[op] >= ROUNDS / 4, "op %u: %u mutants, %u ran", (unsigned)op, (unsigned)made[op], (unsigned)ran[op]);
    }
}

const test_t MUTATED_TESTS[] = {{"mutated seeds", mutated_seeds}, {NULL, NULL}};
