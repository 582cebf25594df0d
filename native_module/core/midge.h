/* SPDX-License-Identifier: MIT
 *
 * Midge's core: checks a .midge file once, then runs it in one arena.
 *
 * No MicroPython, no malloc, no globals. The file's bytes are used where they are, at any address;
 * FORMAT.md says what they mean. Files are little-endian and so must the machine be.
 *
 *     mg_model_t model;
 *     mg_error_t error;
 *     if (mg_model_open(&model, bytes, size, &error)
 *         && mg_model_bind(&model, arena, arena_size, &error)) {
 *         // write mg_tensor_data(&model, input), then
 *         mg_run(&model);
 *     }
 */
#ifndef MG_MIDGE_H
#define MG_MIDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MG_VERSION "0.1.0" /* of Midge as a whole; the PC's package and the board's take it from here */
#define MG_FORMAT_MAJOR 2
#define MG_FORMAT_MINOR 2
#define MG_ARENA_ALIGN 16u
#define MG_MAX_RANK 6
#define MG_NODE_TENSORS 8

/* A function that can fail: whoever calls it looks at what it returns. */
#define MG_CHECKED __attribute__((warn_unused_result))

typedef enum {
    MG_OK = 0,
    MG_FOREIGN,     /* not a .midge file, or of a format this reader does not know */
    MG_CORRUPT,     /* cut short, altered, or inconsistent */
    MG_UNSUPPORTED, /* a sound file that asks for an op or dtype this build lacks */
    MG_NO_MEMORY,   /* the arena is too small */
    MG_MISALIGNED,  /* the arena does not start on a multiple of MG_ARENA_ALIGN */
} mg_status_t;

/* The first thing found wrong; written only when something is. `found` and `wanted` are the numbers that `message`
 * speaks of; equal where it speaks of none. */
typedef struct {
    mg_status_t status;
    int32_t node; /* index of the node, -1 where the file as a whole is meant */
    const char *message, *subject; /* subject: the name of what message speaks of, NULL where it has none */
    uint32_t found, wanted;
} mg_error_t;

/* Writes one NUL-terminated line: "node 3: weights outside the data: found 812, wanted 640". */
void mg_error_text(const mg_error_t *error, char *text, size_t size);

typedef enum { /* of ops.def, from MG_INT8 on */
#define MG_DTYPE(number, name, text, type, code) MG_##name = number,
#include "../ops.def"
#undef MG_DTYPE
               MG_DTYPES_END
} mg_dtype_t;

typedef enum {
    MG_PLACE_ARENA = 0,
    MG_PLACE_DATA = 1,  /* a constant in the file's data section */
    MG_PLACE_STATE = 2, /* in the arena too, and kept from run to run until mg_reset */
    MG_PLACE_OUTSIDE = 3, /* a picture, a model's only input: the caller's memory, of which mg_see is told */
} mg_place_t;

#define MG_ZEROS UINT32_MAX /* in place of an initial value: the state starts as real zeros, its zero point */

/* A tensor record, byte for byte as the file holds it. */
typedef struct {
    uint8_t dtype, rank, place, reserved;
    uint32_t offset; /* into the arena or the data section */
    uint32_t size;   /* bytes */
    uint32_t name;   /* into the strings section */
    float scale;     /* real = scale * (quantised - zero_point); 0 where not quantised */
    int32_t zero_point;
    uint32_t dims[MG_MAX_RANK];
    uint32_t initial; /* where a state's initial value is in the data; MG_ZEROS for none, which others have too */
} mg_tensor_t;

typedef struct {
    uint16_t op;
    uint32_t name; /* offset into the strings section */
    uint8_t n_inputs, n_outputs;
    const uint8_t *tensors; /* uint16 indices, inputs then outputs */
} mg_node_t;

typedef struct {
    const uint8_t *file;
    uint8_t *arena;
    uint32_t file_size;
    /* From here to the end as the file's header has it. */
    uint32_t arena_size; /* what the file asks for */
    uint16_t n_tensors, n_nodes, n_inputs, n_outputs, n_labels, reserved;
    uint32_t tensors, nodes, nodes_size, inputs_outputs, strings, strings_size, data, data_size;
    uint32_t name, labels, metadata; /* offsets into the strings section */
} mg_model_t;

/* Checks the whole file; on true, everything below is safe on it. The file must outlive the model. Without `checksum`,
 * the one part that looks at every byte is left out, for a file whose bytes are known to be those that were written:
 * all that memory safety rests on is checked all the same. */
MG_CHECKED bool mg_model_check(mg_model_t *model, const void *file, size_t size, bool checksum, mg_error_t *error);

MG_CHECKED static inline bool mg_model_open(mg_model_t *model, const void *file, size_t size, mg_error_t *error) {
    return mg_model_check(model, file, size, true, error);
}

/* Gives the model its working memory, at least model->arena_size bytes, and resets it. */
MG_CHECKED bool mg_model_bind(mg_model_t *model, void *arena, size_t size, mg_error_t *error);

/* Gives every state its initial value: the next run is the first one of a sequence. */
void mg_reset(const mg_model_t *model);

/* Runs all nodes once, from the input tensors in the arena to the output tensors. */
void mg_run(const mg_model_t *model);

/* Runs the node at *cursor (start with 0) and moves the cursor on; false when none is left. */
bool mg_run_next(const mg_model_t *model, uint32_t *cursor);

/* For a model whose input is a picture, outside of the arena: takes `size` bytes of whole rows of it, all or as many as
 * there are, into what the network gets; returns how many rows are still missing before mg_run. A whole picture starts
 * anew, and so does the row after the last one. Size 0 only asks. */
uint32_t mg_see(const mg_model_t *model, const void *rows, uint32_t size);

/* Describes the node at *cursor and moves the cursor on; false when none is left. */
bool mg_node_next(const mg_model_t *model, uint32_t *cursor, mg_node_t *node);

/* index < n_tensors; mg_input and mg_output give the tensor index of a model input or output. */
void mg_tensor(const mg_model_t *model, uint32_t index, mg_tensor_t *tensor);
uint32_t mg_input(const mg_model_t *model, uint32_t i);
uint32_t mg_output(const mg_model_t *model, uint32_t i);
void *mg_tensor_data(const mg_model_t *model, const mg_tensor_t *tensor); /* NULL for one that is outside */

/* A NUL-terminated UTF-8 string of the file, "" for an offset beyond them. Labels follow one another
 * from model->labels; metadata is key, value, key, value, ..., "". */
const char *mg_string(const mg_model_t *model, uint32_t offset);

/* Bytes of an element, 0 for no dtype. */
uint32_t mg_dtype_size(uint32_t dtype);

/* Its name, "" for no dtype. */
const char *mg_dtype_name(uint32_t dtype);

/* CRC-32 (IEEE 802.3), as zlib's crc32 gives it; start with 0. */
uint32_t mg_crc32(uint32_t crc, const uint8_t *bytes, size_t size);

/* Stores a real at an index of a tensor, quantised as TFLite does (round half away from zero,
 * saturate), and reads one back; for every dtype, float32 included. */
void mg_write_real(const mg_tensor_t *tensor, void *data, uint32_t index, float value);
float mg_read_real(const mg_tensor_t *tensor, const void *data, uint32_t index);

/* The same for many float32, at any address, from an index on: bytes without a division. The tensor has to stay. */
typedef struct {
    const mg_tensor_t *tensor;
    uint32_t factor;
    int32_t exponent, low; /* the least value of the dtype */
} mg_quantizer_t;

void mg_quantizer(mg_quantizer_t *by, const mg_tensor_t *tensor);
void mg_write_reals(const mg_quantizer_t *by, void *data, uint32_t index, const void *reals, uint32_t n);

#endif
