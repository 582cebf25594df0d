/* SPDX-License-Identifier: MIT
 *
 * The rules of FORMAT.md for the header, sections, tensors and nodes.
 */
#include "refusals.h"

#define PAST_END "a section ends after the file: offset"
#define ORDER "a section is out of place: offset"
#define NEWER_DTYPE "needs a newer Midge on the board: dtype"
#define DIMENSION "a tensor with an impossible dimension"
#define OUTSIDE "a tensor is outside its memory: offset"
#define SCALE "a tensor's scale is no number: tensor"
#define NODE_PAST_END "a node ends after its section: bytes left"
#define NODE_WRONG "a node of the wrong size: bytes"
#define SCRATCH_OUT "scratch outside the arena: offset"
#define OVERLAP "a node's tensors overlap: scratch offset"

static const refusal_t REFUSALS[] = {
    {"pad", "needs a newer Midge on the board: flags", {{HEADER, 0, 16, 4, 1}}},
    {"pad", "needs a newer Midge on the board: flags", {{AT_RESERVED, 1}}},
    {"pad", PAST_END, {{AT_TENSORS, 0xffffffc0u}}},
    {"pad", PAST_END, {{AT_N_TENSORS, 0xffff}}},
    {"pad", PAST_END, {{AT_NODES, 0xfffffffcu}}},
    {"pad", PAST_END, {{AT_NODES_SIZE, 0xffffffffu}}},
    {"pad", PAST_END, {{AT_INPUTS_OUTPUTS, 0xfffffffcu}}},
    {"pad", PAST_END, {{AT_N_INPUTS, 0xffff}}},
    {"pad", PAST_END, {{AT_N_OUTPUTS, 0xffff}}},
    {"pad", PAST_END, {{AT_STRINGS, 0xfffffffcu}}},
    {"pad", PAST_END, {{AT_STRINGS_SIZE, 0xfffffff0u}}},
    {"mul", PAST_END, {{AT_DATA, 0xfffffff0u}, {AT_DATA_SIZE, 0x20}}},
    {"pad", PAST_END, {{AT_DATA_SIZE, 0xffffffffu}}},
    {"pad", ORDER, {{AT_TENSORS, 76}}},
    {"pad", ORDER, {{AT_TENSORS, 82}}},
    {"pad", ORDER, {{AT_TENSORS, 84}}},
    {"pad", ORDER, {{AT_NODES, 80}}},
    {"pad", ORDER, {{AT_NODES, 186}}},
    {"pad", ORDER, {{AT_INPUTS_OUTPUTS, 184}}},
    {"pad", ORDER, {{AT_INPUTS_OUTPUTS, 0}}},
    {"pad", ORDER, {{AT_STRINGS, 80}}},
    {"pad", ORDER, {{AT_DATA, 16}}},
    {"softmax", ORDER, {{AT_DATA_SIZE, 4}, {AT_DATA, 1200 + 4}}},
    {"pad", "larger than 2 GB: arena bytes", {{AT_ARENA_SIZE, 0x80000000u}}},
    {"pad", "arena size is no multiple of 16", {{AT_ARENA_SIZE, 0x1008}}},
    {"pad", "a model without input or output: tensors", {{AT_N_INPUTS, 0}}},
    {"pad", "a model without input or output: tensors", {{AT_N_OUTPUTS, 0}}},
    {"pad", "the strings do not end with a NUL: bytes", {{AT_STRINGS_SIZE, 0}}},
    {"pad", "the strings do not end with a NUL: bytes", {{AT_STRINGS_SIZE, 2}}},

    {"pad", NEWER_DTYPE, {{DTYPE(0), 0}}},
    {"pad", NEWER_DTYPE, {{DTYPE(1), 11}}},
    {"pad", NEWER_DTYPE, {{DTYPE(1), 255}}},
    {"pad", "a tensor of too high a rank", {{T_RANK(0), 7}}},
    {"pad", DIMENSION, {{DIM(0, 0), 0}}},
    {"pad", DIMENSION, {{DIM(0, 5), 0}}},
    {"pad", DIMENSION, {{DIM(0, 5), 2}}},
    {"pad", "a tensor larger than any file: dimension", {{DIM(0, 0), 0xffffffffu}}},
    {"pad", "a tensor larger than any file: dimension", {{DIM(0, 0), 0x10000}, {DIM(0, 1), 0x10000}}},
    {"pad", "a tensor's size is not its shape's: bytes", {{T_SIZE(0), 13}}},
    {"pad", "a tensor larger than any file: dimension", {{DIM(0, 0), 0x80000001u}, {DIM(0, 1), 1}, {DIM(0, 2), 1}}},
    {"pad", "needs a newer Midge on the board: place", {{PLACE(0), 4}}},
    {"pad", "needs a newer Midge on the board: place", {{T_RESERVED(0), 1}}},
    {"pad", OUTSIDE, {{OFFSET(0), 0x1000}}},
    {"pad", OUTSIDE, {{OFFSET(0), 0xffffffffu}}},
    {"pad", OUTSIDE, {{AT_ARENA_SIZE, 16}}},
    {"pad", OUTSIDE, {{PLACE(0), 1}}},
    {"add_constant_in_place", OUTSIDE, {{AT_DATA_SIZE, 14}}},
    {"pad_int16", OUTSIDE, {{OFFSET(0), 1}}},
    {"reverse_float", OUTSIDE, {{OFFSET(1), 2}}},
    {"pad", SCALE, {{T_SCALE(0), 0x7fc00000}}},
    {"pad", SCALE, {{T_SCALE(0), 0x7f800000}}},
    {"pad", SCALE, {{T_SCALE(0), 0xbf800000u}}},
    {"pad", "an input or output that is not there: tensor", {{INPUTS_OUTPUTS, 0, 0, 2, 2}}},
    {"pad", "an input or output that is not there: tensor", {{INPUTS_OUTPUTS, 0, 2, 2, 0xffff}}},
    {"softmax", "an input or output is a constant: tensor", {{PLACE(0), 1}, {OFFSET(0), 0}}},
    {"softmax", "an input or output is a constant: tensor", {{PLACE(1), 1}, {OFFSET(1), 0}}},

    {"pad", NODE_PAST_END, {{AT_NODES_SIZE, 16}}},
    {"pad", NODE_PAST_END, {{AT_NODES_SIZE, 0}}},
    {"pad", NODE_PAST_END, {{AT_N_NODES, 2}}},
    {"pad", NODE_PAST_END, {{NODE, 0, 2, 2, 0xfffc}}},
    {"pad", NODE_PAST_END, {{NODE, 0, 2, 2, 102}}},
    {"pad", "needs a newer Midge on the board: op", {{NODE, 0, 0, 2, 0}}},
    {"pad", "needs a newer Midge on the board: op", {{NODE, 0, 0, 2, 0x7fff}}},
    {"pad", NODE_WRONG, {{NODE, 0, 2, 2, 20}}},
    {"pad", NODE_WRONG, {{NODE, 0, 2, 2, 0}}},
    {"pad", NODE_WRONG, {{NODE, 0, 4, 1, 0}}},
    {"pad", NODE_WRONG, {{NODE, 0, 4, 1, 2}, {NODE, 0, 5, 1, 0}}},
    {"pad", NODE_WRONG, {{NODE, 0, 5, 1, 0}}},
    {"pad", NODE_WRONG, {{NODE, 0, 4, 1, 255}}},
    {"pad", NODE_WRONG, {{NODE, 0, 0, 2, MG_OP_LUT}}},
    {"network", NODE_WRONG, {{NODE, 0, 2, 2, 132}, {NODE, 0, 4, 1, 33}}},
    {"pad", "needs a newer Midge on the board: node flags", {{NODE, 0, 6, 2, 1}}},
    {"pad", "a node names a tensor that is not there", {{NODE, 0, 20, 2, 2}}},
    {"pad", "a node names a tensor that is not there", {{NODE, 0, 22, 2, 0xffff}}},
    {"add_constant_in_place", "a node writes to a constant: tensor", {{NODE, 0, 24, 2, 2}}},
    {"pad", SCRATCH_OUT, {{SCRATCH(0), 0xfffffff0u}}},
    {"pad", SCRATCH_OUT, {{SCRATCH_SIZE(0), 0xffffffffu}}},
    {"pad", SCRATCH_OUT, {{SCRATCH(0), 8}}},
    {"conv_same", OVERLAP, {{SCRATCH(0), 0}}},
    {"conv_same", OVERLAP, {{SCRATCH(0), 64}}},
    {"softmax", OVERLAP, {{OFFSET(0), 0}, {OFFSET(1), 0}}},
    {"softmax", OVERLAP, {{OFFSET(0), 0}, {OFFSET(1), 13}}},
    {"mul", OVERLAP, {{OFFSET(0), 0}, {OFFSET(1), 16}, {OFFSET(2), 1}}},
    {"mul", OVERLAP, {{OFFSET(0), 0}, {OFFSET(1), 1}, {OFFSET(2), 0}}},
    {"logistic", OVERLAP, {{SCRATCH_SIZE(0), 1}, {SCRATCH(0), 0}, {OFFSET(0), 0}, {OFFSET(1), 0}}},
    {"pad", "bytes after the last node", {{AT_N_NODES, 0}}},
    {"pad", "an initial value ends after the data: offset", {{INITIAL(0), 0}}},
    {"pad", "an initial value ends after the data: offset", {{INITIAL(1), 0xfffffffeu}}},
};

/* What FORMAT.md asks of writers alone: each breaks one line of "What a reader does not check". */
static const refusal_t WRITERS_OWN[] = {
    {"pad", NULL, {{HEADER, 0, 6, 2, 0xffff}}},                              /* a minor of the future */
    {"pad", NULL, {{AT_STRINGS_SIZE, 1}}},                                   /* bytes between sections */
    {"pad", NULL, {{STRINGS, 0, 0, 1, 'x'}}},                                /* a first string that is not empty */
    {"pad", NULL, {{STRINGS, 0, 1, 1, 0xff}}},                               /* no UTF-8 */
    {"pad", NULL, {{HEADER, 0, 68, 4, 0xffffffffu}}},                        /* a name after the strings */
    {"pad", NULL, {{HEADER, 0, 32, 2, 0xffff}, {HEADER, 0, 72, 4, 0x7fff}}}, /* labels after the strings */
    {"pad", NULL, {{HEADER, 0, 76, 4, 1}}},                                  /* metadata that are a key alone */
    {"pad", NULL, {{NODE, 0, 8, 4, 0xffffffffu}}},                           /* the name of a node */
    {"pad", NULL, {{TENSOR, 0, 12, 4, 0xffffffffu}}},                        /* the name of a tensor */
    {"pad", NULL, {{TENSOR, 0, 20, 4, 0x7fffffff}}},                         /* a zero point that is no int8 */
    {"softmax", NULL, {{INITIAL(0), 0}}},                                    /* an initial value of no state */
    {"pad", NULL, {{PLACE(0), MG_PLACE_STATE}}},                             /* an input that is a state */
    {"pad", NULL, {{PLACE(1), MG_PLACE_STATE}}},                             /* an output that is a state */
    {"pad", NULL, {{INPUTS_OUTPUTS, 0, 2, 2, 0}}},                           /* an output that no node writes */
    {"mul", NULL, {{NODE, 0, 26, 2, 0xffff}}},                               /* what follows an odd count */
};

static void rules_of_writers(void) {
    check_refusals(WRITERS_OWN, sizeof WRITERS_OWN / sizeof WRITERS_OWN[0]);
}

static void rules_of_files(void) {
    check_refusals(REFUSALS, sizeof REFUSALS / sizeof REFUSALS[0]);
}

const test_t FILE_RULE_TESTS[] = {
    {"rules of files", rules_of_files}, {"rules of writers", rules_of_writers}, {NULL, NULL}};
