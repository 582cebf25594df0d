/* SPDX-License-Identifier: MIT
 *
 * Loads the core's library as Python does, runs a model with the library's own code, and prints the bytes of its output:
 *
 *     run_library LIBRARY MODEL INPUT
 *
 * For libraries of wheels whose systems are here only as an emulation of programs: nothing of Python is needed.
 */
#include <stdio.h>
#include <stdlib.h>

#include "midge.h"

#ifdef _WIN32
#include <windows.h>
static void *find(const char *library, const char *name) {
    return (void *)GetProcAddress(LoadLibraryA(library), name);
}
#else
#include <dlfcn.h>
static void *find(const char *library, const char *name) {
    return dlsym(dlopen(library, RTLD_NOW), name);
}
#endif

static unsigned char *read_file(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    if (!file) {
        exit(2);
    }
    unsigned char *content = malloc(1 << 20);
    *size = fread(content, 1, 1 << 20, file);
    fclose(file);
    return content;
}

int main(int argc, char **argv) {
    if (argc != 4) {
        return 2;
    }
    bool (*check)(mg_model_t *, const void *, size_t, bool, mg_error_t *) = find(argv[1], "mg_model_check");
    bool (*bind)(mg_model_t *, void *, size_t, mg_error_t *) = find(argv[1], "mg_model_bind");
    void (*run)(const mg_model_t *) = find(argv[1], "mg_run");
    void (*tensor)(const mg_model_t *, uint32_t, mg_tensor_t *) = find(argv[1], "mg_tensor");
    uint32_t (*input)(const mg_model_t *, uint32_t) = find(argv[1], "mg_input");
    uint32_t (*output)(const mg_model_t *, uint32_t) = find(argv[1], "mg_output");
    void *(*data)(const mg_model_t *, const mg_tensor_t *) = find(argv[1], "mg_tensor_data");
    if (!check || !bind || !run || !tensor || !input || !output || !data) {
        return 3;
    }
    size_t size, input_size;
    unsigned char *file = read_file(argv[2], &size), *x = read_file(argv[3], &input_size);
    static _Alignas(16) unsigned char arena[1 << 16];
    mg_model_t model;
    mg_tensor_t t;
    mg_error_t error;
    if (!check(&model, file, size, true, &error) || !bind(&model, arena, sizeof(arena), &error)) {
        fprintf(stderr, "%s\n", error.message);
        return 4;
    }
    tensor(&model, input(&model, 0), &t);
    if (t.size != input_size) {
        return 5;
    }
    unsigned char *place = data(&model, &t);
    for (size_t i = 0; i < input_size; i++) {
        place[i] = x[i];
    }
    run(&model);
    tensor(&model, output(&model, 0), &t);
    for (size_t i = 0; i < t.size; i++) {
        printf("%02x", ((unsigned char *)data(&model, &t))[i]);
    }
    printf("\n");
    return 0;
}
