/* SPDX-License-Identifier: MIT */
#include "exercise.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "format.h"
#include "ops.h"

#if defined(__SANITIZE_ADDRESS__)
#define HAS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ASAN 1
#endif
#endif
#ifdef HAS_ASAN
#include <sanitizer/asan_interface.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

#define MOST_ARENA (1u << 20)
#define MOST_WORK (1u << 22)
#define MOST_COPIES (1u << 24) /* bytes of arena copied for the comparison of scratch */

static void require(bool condition, const char *what) {
    if (!condition) {
        fprintf(stderr, "exercise: %s\n", what);
        abort();
    }
}

/* 16-aligned and exactly so large that AddressSanitizer sees the first byte after it. */
static uint8_t *allocate(size_t size) {
    uint8_t *p = memalign(MG_ARENA_ALIGN, size != 0 ? size : 1);
    require(p != NULL, "no memory for the test");
    return p;
}

static void store_u32(uint8_t *p, uint32_t v) {
    memcpy(p, &v, sizeof v);
}

void exercise_repair(uint8_t *file, size_t size) {
    if (size >= MG_HEADER_SIZE) {
        const uint16_t version[] = {MG_FORMAT_MAJOR, MG_FORMAT_MINOR};
        memcpy(file, MG_MAGIC, 4);
        memcpy(file + MG_HEADER_MAJOR, version, sizeof version);
        store_u32(file + MG_HEADER_FILE_SIZE, (uint32_t)size);
        store_u32(file + MG_HEADER_CHECKSUM, mg_crc32(0, file + MG_HEADER_SUMMED, size - MG_HEADER_SUMMED));
    }
}

static double product(const uint32_t *dims, uint32_t n) {
    double p = 1;
    for (uint32_t i = 0; i < n; i++) {
        p *= dims[i];
    }
    return p;
}

static double least(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

/* In double, which does not wrap: an op whose check lets products wrap would seem to have little work. */
static double node_work(const mg_model_t *model, const mg_node_t *node) {
    uint32_t n = (uint32_t)node->n_inputs + node->n_outputs;
    const uint8_t *at = node->tensors - MG_NODE_SIZE + mg_params_at(n);
    mg_tensor_t out;
    mg_tensor(model, mg_load_u16(node->tensors + 2 * node->n_inputs), &out);
    mg_params_t p;
    memcpy(&p, at, mg_op_find(node->op)->params_size);
    switch (node->op) {
        case MG_OP_CONV_2D: return (double)out.size * p.conv.kernel_h * p.conv.kernel_w * p.conv.in_c;
        case MG_OP_DEPTHWISE_CONV_2D: /* scratch: of the layout that gathers a plane for each channel */
            return 2.0 * out.size * p.conv.kernel_h * p.conv.kernel_w
                   + (double)mg_load_u32(node->tensors - 4) * p.conv.in_c * p.conv.batches;
        case MG_OP_CONV_2D_F32:
        case MG_OP_CONV_2D_HYBRID: return (double)out.size * p.conv.kernel_h * p.conv.kernel_w * p.conv.in_c;
        case MG_OP_DEPTHWISE_CONV_2D_F32:
        case MG_OP_DEPTHWISE_CONV_2D_HYBRID: return 2.0 * out.size * p.conv.kernel_h * p.conv.kernel_w;
        case MG_OP_MAX_POOL_2D_F32:
        case MG_OP_AVERAGE_POOL_2D_F32:
            return out.size * least(p.pool.kernel_h, p.pool.in_h) * least(p.pool.kernel_w, p.pool.in_w);
        case MG_OP_REDUCE_F32: return product(p.reduce_f32.dims, 6);
        case MG_OP_MATMUL_F32: return (double)out.size * p.matmul_f32.depth;
        case MG_OP_LSTM_F32: return 4.0 * out.size * p.lstm_f32.units;
        case MG_OP_MAX_POOL_2D:
        case MG_OP_AVERAGE_POOL_2D:
            return out.size * least(p.pool.kernel_h, p.pool.in_h) * least(p.pool.kernel_w, p.pool.in_w);
        case MG_OP_MEAN: return product(p.reduce.keep_dims, 3) * product(p.reduce.reduce_dims, 3);
        case MG_OP_COPY: return out.size + product(p.copy.dims, 5);
        case MG_OP_DETECTION:
            return p.detection.boxes * ((double)p.detection.boxes + p.detection.limit)
                       * (p.detection.per_class ? p.detection.classes : 1)
                   + (double)p.detection.boxes * p.detection.classes;
        case MG_OP_CONV_2D_I16: return (double)out.size * p.conv_i16.kernel_h * p.conv_i16.kernel_w * p.conv_i16.in_c;
        case MG_OP_MAX_POOL_2D_I16:
        case MG_OP_AVERAGE_POOL_2D_I16:
            return out.size * least(p.pool_i16.kernel_h, p.pool_i16.in_h) * least(p.pool_i16.kernel_w, p.pool_i16.in_w);
        case MG_OP_MATMUL_I16: return (double)out.size * p.matmul_i16.depth;
        case MG_OP_LSTM: return 4.0 * out.size * ((double)p.lstm.inputs + p.lstm.units);
        case MG_OP_SVDF: return (double)p.svdf.batches * p.svdf.filters * ((double)p.svdf.inputs + 2 * p.svdf.memory);
        case MG_OP_EXTREME: return product(p.extreme.keep_dims, 3) * product(p.extreme.reduce_dims, 3);
        case MG_OP_ARG_EXTREME: return (double)p.scan.outer * p.scan.axis * p.scan.inner;
        case MG_OP_TOP_K: return (double)p.scan.outer * p.scan.axis * p.scan.k;
        case MG_OP_GATHER: return out.size + (double)p.gather.batches * p.gather.outer * p.gather.count;
        case MG_OP_MATMUL: return (double)out.size * p.matmul.depth;
        default: return out.size;
    }
}

double exercise_work(const mg_model_t *model) {
    double work = 0;
    uint32_t cursor = 0;
    mg_node_t node;
    while (mg_node_next(model, &cursor, &node)) {
        work += node_work(model, &node);
    }
    return work;
}

/* Whoever prints an accepted file reads all its strings. */
static void read_strings(const mg_model_t *model) {
    size_t length = strlen(mg_string(model, model->name));
    uint32_t at = model->labels;
    for (uint32_t i = 0; i < model->n_labels; i++) {
        at += (uint32_t)strlen(mg_string(model, at)) + 1;
    }
    for (at = model->metadata; *mg_string(model, at) != 0;) {
        at += (uint32_t)strlen(mg_string(model, at)) + 1;
    }
    uint32_t cursor = 0;
    mg_node_t node;
    while (mg_node_next(model, &cursor, &node)) {
        length += strlen(mg_string(model, node.name));
    }
    for (uint32_t i = 0; i < model->n_tensors; i++) {
        mg_tensor_t tensor;
        mg_tensor(model, i, &tensor);
        length += strlen(mg_string(model, tensor.name));
    }
    require(length < SIZE_MAX, "strings without end");
}

typedef struct {
    mg_tensor_t in[MG_NODE_TENSORS], out[MG_NODE_TENSORS];
    uint32_t n_in, n_out, scratch, scratch_size;
} places_t;

static places_t places_of(const mg_model_t *model, uint32_t cursor) {
    const uint8_t *record = model->file + model->nodes + cursor;
    mg_node_t node;
    mg_node_next(model, &cursor, &node);
    places_t places = {.n_in = node.n_inputs,
                       .n_out = node.n_outputs,
                       .scratch = mg_load_u32(record + MG_NODE_SCRATCH),
                       .scratch_size = mg_load_u32(record + MG_NODE_SCRATCH_SIZE)};
    for (uint32_t i = 0; i < places.n_in + places.n_out; i++) {
        mg_tensor(model, mg_load_u16(node.tensors + 2 * i),
                  i < places.n_in ? &places.in[i] : &places.out[i - places.n_in]);
    }
    return places;
}

static bool meet(const mg_tensor_t *a, const mg_tensor_t *b) {
    if (a->place == MG_PLACE_OUTSIDE || b->place == MG_PLACE_OUTSIDE) {
        return false;
    }
    bool same_memory = (a->place == MG_PLACE_DATA) == (b->place == MG_PLACE_DATA);
    return same_memory && a->offset < b->offset + b->size && b->offset < a->offset + a->size;
}

/* A number that changes with the inputs that the node must leave alone. */
static uint32_t digest_inputs(const mg_model_t *model, const places_t *places) {
    uint32_t crc = 0;
    for (uint32_t i = 0; i < places->n_in; i++) {
        bool shared = false;
        for (uint32_t o = 0; o < places->n_out; o++) {
            shared = shared || meet(&places->in[i], &places->out[o]);
        }
        if (!shared && places->in[i].place != MG_PLACE_OUTSIDE) {
            crc = mg_crc32(crc, mg_tensor_data(model, &places->in[i]), places->in[i].size);
        }
    }
    return crc;
}

/* Runs one node with the rest of the arena out of bounds. */
static void run_fenced(const mg_model_t *model, uint32_t cursor, const places_t *places, int scratch_fill) {
    memset(model->arena + places->scratch, scratch_fill, places->scratch_size);
    uint32_t digest = digest_inputs(model, places);
    ASAN_POISON_MEMORY_REGION(model->arena, model->arena_size);
    for (uint32_t i = 0; i < places->n_in + places->n_out; i++) {
        const mg_tensor_t *t = i < places->n_in ? &places->in[i] : &places->out[i - places->n_in];
        if (t->place != MG_PLACE_DATA && t->place != MG_PLACE_OUTSIDE) {
            ASAN_UNPOISON_MEMORY_REGION(model->arena + t->offset, t->size);
        }
    }
    ASAN_UNPOISON_MEMORY_REGION(model->arena + places->scratch, places->scratch_size);
    mg_run_next(model, &cursor);
    ASAN_UNPOISON_MEMORY_REGION(model->arena, model->arena_size);
    require(digest == digest_inputs(model, places), "a node changed its input");
}

static void fill(uint8_t *p, size_t size, uint32_t state) {
    for (size_t i = 0; i < size; i++) {
        state = state * 1664525u + 1013904223u;
        p[i] = (uint8_t)(state >> 24);
    }
}

/* Takes a picture, if that is the input, a row at a time and then as a whole, from memory of just that size. */
static void see_all(const mg_model_t *model) {
    mg_tensor_t in;
    mg_tensor(model, mg_input(model, 0), &in);
    if (in.place != MG_PLACE_OUTSIDE || in.size > MOST_ARENA) {
        return;
    }
    places_t places = places_of(model, 0);
    uint32_t row = in.size / in.dims[0];
    for (uint32_t y = 0; y <= in.dims[0]; y++) {
        uint32_t size = y < in.dims[0] ? row : in.size;
        uint8_t *rows = allocate(size);
        fill(rows, size, y);
        ASAN_POISON_MEMORY_REGION(model->arena, model->arena_size);
        ASAN_UNPOISON_MEMORY_REGION(model->arena + places.out[0].offset, places.out[0].size);
        ASAN_UNPOISON_MEMORY_REGION(model->arena + places.out[1].offset, places.out[1].size);
        uint32_t left = mg_see(model, rows, size);
        ASAN_UNPOISON_MEMORY_REGION(model->arena, model->arena_size);
        require(left <= in.dims[0] && (y < in.dims[0] || left == 0), "rows that do not count");
        free(rows);
    }
}

static void run_all(const mg_model_t *model) {
    uint8_t *before = allocate(model->arena_size), *first = allocate(model->arena_size);
    bool twice = (uint64_t)model->arena_size * model->n_nodes < MOST_COPIES;
    see_all(model);
    uint32_t cursor = 0, next = 0;
    mg_node_t node;
    while (mg_node_next(model, &next, &node)) {
        places_t places = places_of(model, cursor);
        if (twice) {
            memcpy(before, model->arena, model->arena_size);
            run_fenced(model, cursor, &places, 0x5a);
            memcpy(first, model->arena, model->arena_size);
            memcpy(model->arena, before, model->arena_size);
        }
        run_fenced(model, cursor, &places, 0xa5);
        if (twice) {
            memset(first + places.scratch, 0, places.scratch_size);
            memcpy(before, model->arena, model->arena_size);
            memset(before + places.scratch, 0, places.scratch_size);
            require(memcmp(first, before, model->arena_size) == 0, "an output depends on old scratch");
        }
        cursor = next;
    }
    free(first);
    free(before);
}

exercise_t exercise(const uint8_t *bytes, size_t size, uint32_t offset, mg_error_t *error) {
    uint8_t *base = allocate(offset + size), *file = base + offset;
    memset(base, 0, offset);
    if (size != 0) {
        memcpy(file, bytes, size);
    }
    mg_model_t model;
    exercise_t result = EXERCISE_REFUSED;
    if (!mg_model_open(&model, file, size, error)) {
        char text[160];
        mg_error_text(error, text, sizeof text);
        require(error->status != MG_OK && error->message != NULL && text[0] != 0, "refused without a message");
    } else {
        result = EXERCISE_ACCEPTED;
        read_strings(&model);
        /* A step reads a pair of bytes of the file and the arena, more or less; 2^15 times where strides are 0. */
        const double most = (double)model.file_size + model.arena_size;
        require(exercise_work(&model) <= 64.0 * most * most * model.n_nodes, "more work than its bytes can give");
        if (model.arena_size <= MOST_ARENA && exercise_work(&model) <= MOST_WORK) {
            uint8_t *arena = allocate(model.arena_size);
            fill(arena, model.arena_size, model.file_size);
            require(mg_model_bind(&model, arena, model.arena_size, error), "no arena is large enough");
            run_all(&model);
            free(arena);
            result = EXERCISE_RAN;
        }
        require(memcmp(file, bytes, size) == 0, "a run changed the file");
    }
    free(base);
    return result;
}

#ifdef HAS_ASAN
bool exercise_begin(const uint8_t *bytes, size_t size) {
    fflush(NULL);
    pid_t child = fork();
    require(child >= 0, "no second process");
    if (child == 0) {
        const struct itimerval moment = {.it_value = {0, 3000}}; /* a read behind the file comes early */
        setitimer(ITIMER_VIRTUAL, &moment, NULL);
        mg_error_t error;
        mg_model_t model;
        uint8_t *file = allocate(size);
        memcpy(file, bytes, size);
        require(mg_model_open(&model, file, size, &error), "accepted before");
        uint8_t *arena = allocate(model.arena_size);
        memset(arena, 0, model.arena_size);
        require(mg_model_bind(&model, arena, model.arena_size, &error), "no arena is large enough");
        run_all(&model);
        _exit(0);
    }
    int status = 0;
    require(waitpid(child, &status, 0) == child, "the second process is lost");
    return WIFSIGNALED(status) ? WTERMSIG(status) == SIGVTALRM : WEXITSTATUS(status) == 0;
}
#else
bool exercise_begin(const uint8_t *bytes, size_t size) {
    (void)bytes, (void)size;
    return true;
}
#endif
