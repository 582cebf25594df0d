/* SPDX-License-Identifier: MIT
 *
 *     core-test BACKEND SEEDS CRASHES DIGESTS [NAME]
 *
 * runs all tests, or the ones whose name contains NAME, and ends with "N passed, N failed". SEEDS and
 * CRASHES list files, a path a line: sound models, and files that once broke something. DIGESTS is
 * written. Under semihosting this runs on an emulated board as well.
 */
#include "check.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "simd/simd.h"

#define MOST_SEEDS 256

seed_t seeds[MOST_SEEDS];
size_t n_seeds;
FILE *digests;
static unsigned failures;

bool check_failed(const char *file, int line, const char *condition, const char *format, ...) {
    if (failures++ < 5) {
        va_list arguments;
        va_start(arguments, format);
        printf("%s:%d: not %s: ", file, line, condition);
        vprintf(format, arguments);
        printf("\n");
        va_end(arguments);
    }
    return false;
}

static uint32_t random_state;

void random_seed(uint32_t seed) {
    random_state = seed * 2654435761u | 1u;
}

uint32_t random_u32(void) {
    random_state ^= random_state << 13; /* Marsaglia, "Xorshift RNGs" (2003) */
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

int32_t random_between(int32_t low, int32_t high) {
    uint64_t span = (uint64_t)((int64_t)high - low) + 1;
    return (int32_t)(low + (int64_t)(random_u32() % span));
}

void random_bytes(void *p, size_t size) {
    for (size_t i = 0; i < size; i++) {
        ((uint8_t *)p)[i] = (uint8_t)(random_u32() >> 11);
    }
}

void *allocate(size_t size) {
    void *p = memalign(MG_ARENA_ALIGN, size != 0 ? size : 1);
    if (p == NULL) {
        fprintf(stderr, "no memory\n");
        exit(2);
    }
    return p;
}

const seed_t *seed_named(const char *name) {
    for (size_t i = 0; i < n_seeds; i++) {
        if (strcmp(seeds[i].name, name) == 0) {
            return &seeds[i];
        }
    }
    fprintf(stderr, "no seed %s; tests/fuzz/make_seeds.py makes them\n", name);
    exit(2);
}

static void load(const char *path, bool sound) {
    FILE *f = fopen(path, "rb");
    seed_t *seed = &seeds[n_seeds];
    if (f == NULL || n_seeds == MOST_SEEDS || fseek(f, 0, SEEK_END) != 0 || ftell(f) < 0) {
        fprintf(stderr, "cannot read %s\n", path);
        exit(2);
    }
    seed->size = (size_t)ftell(f);
    seed->bytes = allocate(seed->size);
    rewind(f);
    if (fread(seed->bytes, 1, seed->size, f) != seed->size) {
        fprintf(stderr, "cannot read %s\n", path);
        exit(2);
    }
    fclose(f);
    const char *name = strrchr(path, '/') == NULL ? path : strrchr(path, '/') + 1;
    snprintf(seed->name, sizeof seed->name, "%.*s", (int)strcspn(name, "."), name);
    seed->sound = sound;
    n_seeds++;
}

static void load_list(const char *list, bool sound) {
    char path[1024];
    FILE *f = fopen(list, "r");
    if (f == NULL) {
        fprintf(stderr, "cannot read %s\n", list);
        exit(2);
    }
    while (fgets(path, sizeof path, f) != NULL) {
        path[strcspn(path, "\n")] = 0;
        load(path, sound);
    }
    fclose(f);
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const seed_t *)a)->name, ((const seed_t *)b)->name);
}

int main(int argc, char **argv) {
    if (argc < 5) {
        fprintf(stderr, "usage: core-test BACKEND SEEDS CRASHES DIGESTS [NAME]\n");
        return 2;
    }
    if (strcmp(argv[1], MG_SIMD_NAME) != 0) {
        fprintf(stderr, "built for the backend %s, called for %s\n", MG_SIMD_NAME, argv[1]);
        return 2;
    }
    load_list(argv[2], true);
    load_list(argv[3], false);
    qsort(seeds, n_seeds, sizeof seeds[0], by_name);
    digests = fopen(argv[4], "w");
    if (digests == NULL) {
        fprintf(stderr, "cannot write %s\n", argv[4]);
        return 2;
    }
    const test_t *suites[] = {MODEL_TESTS,   CONV_TESTS,    CONV_F32_TESTS,   LAYER_TESTS,
                              SIGNAL_TESTS,  VECTOR_TESTS,  MOTION_TESTS,     SIGHT_TESTS,
                              LEARN_TESTS,   MUTATED_TESTS, ARITHMETIC_TESTS, FILE_RULE_TESTS,
                              OP_RULE_TESTS, HOSTILE_TESTS, SIZES_TESTS,      SOFT_FLOAT_TESTS};
    size_t n_suites = sizeof suites / sizeof suites[0];
    n_suites -= strcmp(MG_SIMD_NAME, "scalar") == 0 ? 0 : 6; /* the last six run no vector code */
    unsigned passed = 0, failed = 0;
    for (size_t s = 0; s < n_suites; s++) {
        for (const test_t *test = suites[s]; test->name != NULL; test++) {
            if (argc > 5 && strstr(test->name, argv[5]) == NULL) {
                continue;
            }
            failures = 0;
            random_seed(1);
            test->run();
            if (failures != 0) {
                printf("FAILED %s (%u)\n", test->name, failures);
            }
            *(failures == 0 ? &passed : &failed) += 1;
        }
    }
    fclose(digests);
    for (size_t i = 0; i < n_seeds; i++) {
        free(seeds[i].bytes);
    }
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
