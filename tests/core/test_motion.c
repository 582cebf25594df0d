/* SPDX-License-Identifier: MIT
 *
 * The ops of motion: random layers, whose outputs core.mk compares between backends and tests/host with the formulas,
 * and what their checks refuse.
 */
#include "layers.h"
#include "refusals.h"

#define SHAPE "parameters do not match a tensor's shape: elements"
#define SMALL_SCRATCH "too little scratch"
#define FEW_SAMPLES "moments of too few or too many samples"
#define AXES "moments of impossible axes: axes"

#define FRAMES "frames that do not fit their samples: frame"
#define OVERFLOW "weights of a band that could overflow: sum"
#define BAND_AXES "bands of impossible axes: axes"
#define CONSTANT "a constant ends after the data: offset"

#define CORRELATIONS "correlations of impossible axes: axes"
#define SCALE "an impossible scale of a feature: bits"
#define COLUMNS "patterns of impossible columns"
#define PATTERNS "patterns that are cut off: pattern"
#define REACH "a pattern that reaches beyond its samples: dilation"
#define TAP "a pattern with a tap that it does not have"
#define FOREST "an impossible forest: trees"
#define CHILD "a tree's child that is no node: halfword"
#define CUT_OFF "a tree that is cut off: tree"
#define NO_END "a tree without an end"
#define LEAF "a leaf of a tree that does not exist"
#define TREE(halfword, value) DATA, 0, 2 * (halfword), 2, value

static const refusal_t REFUSALS[] = {
    {"centroids", "an impossible distance: root", {{PARAM(centroids, root), 2}}},
    {"centroids", "an impossible distance: root", {{PARAM(centroids, scaled), 2}}},
    {"centroids", "an impossible distance: root", {{PARAM(centroids, own), 2}}},
    {"centroids", SHAPE, {{PARAM(centroids, features), 4}}},
    {"centroids", SHAPE, {{PARAM(centroids, centres), 3}}},
    {"centroids", CONSTANT, {{PARAM(centroids, table_at), 4}}},
    {"centroids", CONSTANT, {{PARAM(centroids, scaled), 1}}},
    {"centroids", "a tensor of the wrong dtype", {{DTYPE(1), MG_UINT32}}},
    {"centroids_scaled", SCALE, {{DATA, 0, 8 + 12, 2, 0x8000}}},
    {"centroids_scaled", SCALE, {{DATA, 0, 8 + 12 + 12 + 5, 1, 17}}},
    {"random_conv", COLUMNS, {{PARAM(random_conv, samples), 0}}},
    {"random_conv", COLUMNS, {{PARAM(random_conv, samples), 4097}}},
    {"random_conv", COLUMNS, {{PARAM(random_conv, columns), 0}}},
    {"random_conv", COLUMNS, {{PARAM(random_conv, columns), 17}}},
    {"random_conv", SHAPE, {{PARAM(random_conv, columns), 4}}},
    {"random_conv", SHAPE, {{PARAM(random_conv, patterns), 1}}},
    {"random_conv", CONSTANT, {{PARAM(random_conv, table_at), 0xffffffffu}}},
    {"random_conv", PATTERNS, {{PARAM(random_conv, patterns), 3}}},
    {"random_conv", PATTERNS, {{PARAM(random_conv, table_size), 27}}},
    {"random_conv", PATTERNS, {{PARAM(random_conv, table_size), 23}}},
    {"random_conv", REACH, {{DATA, 0, 0, 2, 0}}},
    {"random_conv", REACH, {{DATA, 0, 0, 2, 8}}},
    {"random_conv", REACH, {{DATA, 0, 2, 2, 0}}},
    {"random_conv", REACH, {{DATA, 0, 2, 2, 2}}},
    {"random_conv", REACH, {{PARAM(random_conv, most_dilation), 2}}},
    {"random_conv", TAP, {{DATA, 0, 4, 2, 9}}},
    {"random_conv", TAP, {{DATA, 0, 4, 2, 9 << 4}}},
    {"random_conv", TAP, {{DATA, 0, 4, 2, 9 << 8}}},
    {"random_conv", SMALL_SCRATCH, {{SCRATCH_SIZE(0), 4 * (30 + 24) - 1}}},
    {"random_conv", "a tensor of the wrong dtype", {{DTYPE(1), MG_UINT16}}},
    {"lagged", CORRELATIONS, {{PARAM(lagged, samples), 0}}},
    {"lagged", CORRELATIONS, {{PARAM(lagged, samples), 4097}}},
    {"lagged", CORRELATIONS, {{PARAM(lagged, axes), 0}}},
    {"lagged", CORRELATIONS, {{PARAM(lagged, axes), 17}, {PARAM(lagged, columns), 20}}},
    {"lagged", CORRELATIONS, {{PARAM(lagged, first), 2}}},
    {"lagged", CORRELATIONS, {{PARAM(lagged, first), 0xffff}}},
    {"lagged", CORRELATIONS, {{PARAM(lagged, floor), 1u << 22}}},
    {"lagged", SHAPE, {{PARAM(lagged, columns), 4}}},
    {"lagged", SHAPE, {{PARAM(lagged, lags), 4}}},
    {"lagged", CONSTANT, {{PARAM(lagged, lags_at), 2}}},
    {"lagged", "a lag beyond the last sample", {{DATA, 0, 4, 2, 5}}},
    {"lagged", SMALL_SCRATCH, {{SCRATCH_SIZE(0), 23}}},
    {"lagged", "a tensor of the wrong dtype", {{DTYPE(0), MG_UINT16}}},
    {"standardize", SHAPE, {{PARAM(standardize, count), 2}}},
    {"standardize", CONSTANT, {{PARAM(standardize, table_at), 1}}},
    {"standardize", "an impossible shift of a feature: bits", {{DATA, 0, 18, 1, 32}}},
    {"standardize", "a tensor of the wrong dtype", {{DTYPE(1), MG_UINT8}}},
    {"standardize", "a tensor of the wrong dtype", {{DTYPE(0), MG_UINT16}}},
    {"trees_votes", FOREST, {{PARAM(trees, leaves), 3}}},
    {"trees_votes", FOREST, {{PARAM(trees, outputs), 0}}},
    {"trees_votes", FOREST, {{PARAM(trees, trees), 32768}}},
    {"trees_votes", SHAPE, {{PARAM(trees, features), 4}}},
    {"trees_votes", SHAPE, {{PARAM(trees, outputs), 2}}},
    {"trees_votes", "a tensor of the wrong dtype", {{DTYPE(0), MG_UINT16}}},
    {"trees_votes", "a tensor of the wrong dtype", {{DTYPE(1), MG_UINT32}}},
    {"trees_votes", CONSTANT, {{PARAM(trees, start_at), 0xffffffffu}}},
    {"trees_votes", CONSTANT, {{PARAM(trees, trees_at), 0xffffffffu}}},
    {"trees_votes", CONSTANT, {{PARAM(trees, halfwords), 0x7fffffffu}}},
    {"trees_rows", CONSTANT, {{PARAM(trees, rows), 0xffff}}},
    {"trees_rows", LEAF, {{PARAM(trees, rows), 1}}},
    {"trees_votes", LEAF, {{TREE(6, 3)}}},
    {"trees_votes", LEAF, {{TREE(7, 3)}}},
    {"trees_votes", LEAF, {{TREE(10, 3)}}},
    {"trees_votes", CUT_OFF, {{PARAM(trees, trees), 4}}},
    {"trees_votes", CUT_OFF, {{PARAM(trees, halfwords), 5}}},
    {"trees_votes", CUT_OFF, {{TREE(0, 0)}}},
    {"trees_votes", CUT_OFF, {{TREE(0, 0xffff)}}},
    {"trees_votes", CHILD, {{TREE(0, 3)}}},
    {"trees_votes", CHILD, {{TREE(3, 0)}}},
    {"trees_votes", CHILD, {{TREE(3, 8)}}},
    {"trees_votes", CHILD, {{TREE(3, 6)}}},
    {"trees_votes", CHILD, {{TREE(3, 0xffff)}}},
    {"trees_votes", "a tree that asks for a feature beyond the last", {{TREE(2, 3)}}},
    {"trees_votes", "a tree that asks for a feature beyond the last", {{TREE(2, 0x3fff)}}},
    {"trees_votes", NO_END, {{TREE(3, 12)}}},
    {"bands", FRAMES, {{PARAM(bands, frame), 0}}},
    {"bands", FRAMES, {{PARAM(bands, frame), 6}}},
    {"bands", FRAMES, {{PARAM(bands, frame), 260}, {PARAM(bands, samples), 300}}},
    {"bands", FRAMES, {{PARAM(bands, frame), 16}}},
    {"bands", FRAMES, {{PARAM(bands, hop), 0}}},
    {"bands", BAND_AXES, {{PARAM(bands, first), 2}}},
    {"bands", BAND_AXES, {{PARAM(bands, first), 0xffff}}},
    {"bands", BAND_AXES, {{PARAM(bands, axes), 0}}},
    {"bands", BAND_AXES, {{PARAM(bands, bands), 0}}},
    {"bands", BAND_AXES, {{PARAM(bands, bands), 129}}},
    {"bands", BAND_AXES, {{PARAM(bands, hold), 3}}},
    {"bands", SHAPE, {{PARAM(bands, columns), 4}}},
    {"bands", SHAPE, {{PARAM(bands, samples), 13}}},
    {"bands", SHAPE, {{PARAM(bands, axes), 1}}},
    {"bands", SHAPE, {{PARAM(bands, bands), 4}}},
    {"bands", CONSTANT, {{PARAM(bands, weights_at), 4}}},
    {"bands", CONSTANT, {{PARAM(bands, weights_at), 0xffffffffu}}},
    {"bands", SMALL_SCRATCH, {{SCRATCH_SIZE(0), 2 * 16 + 64 + 16 - 1}}},
    {"bands", OVERFLOW, {{DATA, 0, 0, 4, 0x80008000u}}},
    {"bands", OVERFLOW, {{DATA, 0, 12 + 16 + 32, 4, 0x80008000u}}},
    {"bands", "a tensor of the wrong dtype", {{DTYPE(0), MG_UINT16}}},
    {"moments", FEW_SAMPLES, {{PARAM(moments, samples), 1}}},
    {"moments", FEW_SAMPLES, {{PARAM(moments, samples), 4097}}},
    {"moments", AXES, {{PARAM(moments, first), 2}}},
    {"moments", AXES, {{PARAM(moments, first), 0xffff}}},
    {"moments", AXES, {{PARAM(moments, axes), 0}}},
    {"moments", AXES, {{PARAM(moments, axes), 17}, {PARAM(moments, columns), 20}}},
    {"moments", AXES, {{PARAM(moments, axes), 4}, {PARAM(moments, columns), 20}}},
    {"moments", AXES, {{PARAM(moments, magnitude), 2}}},
    {"moments", AXES, {{PARAM(moments, fraction), 6}}},
    {"moments", SHAPE, {{PARAM(moments, columns), 4}}},
    {"moments", SHAPE, {{PARAM(moments, axes), 1}}},
    {"moments", SMALL_SCRATCH, {{SCRATCH_SIZE(0), 11}}},
    {"moments", "a tensor of the wrong dtype", {{DTYPE(1), MG_UINT16}}},
};

static void refused(void) {
    check_refusals(REFUSALS, sizeof REFUSALS / sizeof *REFUSALS);
}

/* Random bits, and now and then the ends of the range or one value. */
static void run_moving(layer_t *layer, uint32_t round) {
    layer_run_t run;
    if (!layer_run(layer, &run)) {
        return;
    }
    int16_t *x = (int16_t *)(void *)run.inputs[0];
    for (uint32_t i = 0; i < layer->elements[0]; i++) {
        x[i] = (int16_t)(round % 5 == 0 ? (random_u32() & 0x100 ? INT16_MIN : INT16_MAX) : x[i] >> round % 16);
    }
    mg_run(&run.model);
    fprintf(digests, "op %u moved %08x\n", layer->op, mg_crc32(0, run.output, run.output_size));
    layer_free(&run);
}

static void moments(void) {
    for (uint32_t round = 0; round < 300; round++) {
        uint16_t axes = (uint16_t)random_between(1, round % 7 == 0 ? 16 : 3);
        uint32_t samples = (uint32_t)random_between(2, round % 50 == 0 ? 4096 : 40);
        mg_moments_params_t p = {(uint16_t)samples,
                                 (uint16_t)(axes + random_between(1, 3)),
                                 1,
                                 axes,
                                 (uint16_t)(round % 3 == 0 ? random_u32() : 0),
                                 axes < 4 && round % 2 == 0,
                                 (uint8_t)(round % 6)};
        uint32_t features = 7u * (axes + p.magnitude) + axes * (axes - 1u) / 2;
        layer_t layer = {MG_OP_MOMENTS, 1, {MG_INT16, MG_INT16},         {samples * p.columns, features}, &p,
                         NULL,          0, p.magnitude ? 2 * samples : 0};
        run_moving(&layer, round);
    }
}

static void bands(void) {
    for (uint32_t round = 0; round < 300; round++) {
        uint16_t frame = (uint16_t)(4 * random_between(1, round % 20 == 0 ? 64 : 8));
        uint16_t bands = (uint16_t)random_between(1, 9), axes = (uint16_t)random_between(1, 3);
        uint16_t samples = (uint16_t)(frame + random_between(0, 50));
        mg_bands_params_t p = {.weights_at = round % 7,
                               .samples = samples,
                               .columns = (uint16_t)(axes + 1),
                               .first = (uint16_t)(round % 2),
                               .axes = axes,
                               .frame = frame,
                               .hop = (uint16_t)random_between(1, 2 * frame),
                               .bands = bands,
                               .hold = (uint16_t)(round % 3)};
        uint32_t words = (bands + 1u) / 2 * frame;
        uint8_t *weights = allocate(p.weights_at + 4 * words);
        int32_t most = UINT16_MAX / (frame / 2) < INT16_MAX ? UINT16_MAX / (frame / 2) : INT16_MAX;
        for (uint32_t i = 0; i < 2 * words; i++) {
            int16_t w = (int16_t)(round % 4 == 0 ? (random_u32() & 0x100 ? most : -most) : random_between(-most, most));
            memcpy(weights + p.weights_at + 2 * i, &w, 2);
        }
        layer_t layer = {
            MG_OP_BANDS, 1,       {MG_INT16, MG_INT16},     {(uint32_t)samples * p.columns, (uint32_t)axes * bands},
            &p,          weights, p.weights_at + 4 * words, 0};
        layer.scratch = layer_scratch(&layer);
        run_moving(&layer, round);
        free(weights);
    }
}

static void lagged(void) {
    for (uint32_t round = 0; round < 200; round++) {
        uint16_t axes = (uint16_t)random_between(1, round % 9 == 0 ? 16 : 3), lags[4];
        uint16_t samples = (uint16_t)random_between(1, round % 40 == 0 ? 4096 : 50);
        for (uint32_t i = 0; i < 4; i++) {
            lags[i] = (uint16_t)random_between(0, samples - 1);
        }
        mg_lagged_params_t p = {.floor = round % 3 == 0 ? random_u32() >> 10 : 0,
                                .samples = samples,
                                .columns = (uint16_t)(axes + round % 2),
                                .first = (uint16_t)(round % 2),
                                .axes = axes,
                                .lags = (uint16_t)random_between(1, 4)};
        layer_t layer = {
            MG_OP_LAGGED, 1,    {MG_INT16, MG_INT16}, {(uint32_t)samples * p.columns, (uint32_t)p.lags * axes * axes},
            &p,           lags, sizeof lags,          0};
        layer.scratch = layer_scratch(&layer);
        run_moving(&layer, round);
    }
}

static void standardize(void) {
    for (uint32_t round = 0; round < 100; round++) {
        uint32_t n = (uint32_t)random_between(1, 30), at = round % 7;
        uint8_t *table = allocate(at + 7 * n);
        random_bytes(table, at + 7 * n);
        for (uint32_t i = 0; i < n; i++) {
            table[at + 6 * n + i] &= 31;
        }
        mg_standardize_params_t p = {n, at};
        layer_t layer = {MG_OP_STANDARDIZE, 1, {MG_INT16, round % 2 ? MG_INT8 : MG_INT16}, {n, n}, &p, table,
                         at + 7 * n,        0};
        run_moving(&layer, round);
        free(table);
    }
}

static void centroids(void) {
    for (uint32_t round = 0; round < 200; round++) {
        uint16_t n = (uint16_t)random_between(1, 30), k = (uint16_t)random_between(1, 5);
        mg_centroids_params_t p = {round % 7, n, k, round % 2, round % 3 != 0, round % 3 == 1, 0};
        uint32_t fixed = p.table_at + 4u * k + 2u * n * k, scales = p.scaled ? (p.own ? k : 1u) * n : 0;
        uint8_t *table = allocate(fixed + 3 * scales);
        random_bytes(table, fixed + 3 * scales);
        for (uint32_t i = 0; i < scales; i++) {
            table[fixed + 2 * i + 1] &= 0x7f;
            table[fixed + 2 * scales + i] %= 17;
        }
        layer_t layer = {MG_OP_CENTROIDS, 1, {MG_INT16, MG_INT32}, {n, k}, &p, table, fixed + 3 * scales, 0};
        run_moving(&layer, round);
        free(table);
    }
}

static void random_conv(void) {
    for (uint32_t round = 0; round < 200; round++) {
        uint16_t samples = (uint16_t)random_between(9, 60), columns = (uint16_t)random_between(1, 3);
        uint16_t words[4 * 8], patterns = (uint16_t)random_between(1, 4);
        for (uint32_t i = 0; i < patterns; i++) {
            bool padded = (random_u32() & 0x100u) != 0;
            const uint16_t pattern[] = {
                (uint16_t)random_between(1, (1 << columns) - 1),
                (uint16_t)(padded ? 0x8000 | random_between(1, 20) : random_between(1, (samples - 1) / 8)),
                (uint16_t)(random_between(0, 8) | random_between(0, 8) << 4 | random_between(0, 8) << 8),
                2,
                (uint16_t)random_u32(),
                0,
                (uint16_t)random_u32(),
                0xffff};
            memcpy(words + 8 * i, pattern, sizeof pattern);
        }
        mg_random_conv_params_t p = {0, 16u * patterns, samples, columns, patterns, 20};
        layer_t layer = {MG_OP_RANDOM_CONV,
                         1,
                         {MG_INT16, MG_INT16},
                         {(uint32_t)samples * columns, 2u * patterns},
                         &p,
                         words,
                         16u * patterns,
                         4 * (3u * samples + 160)};
        run_moving(&layer, round);
    }
}

/* A tree of random splits at `node`, which is written and counted in halfwords. */
static uint32_t grow(uint16_t *node, int32_t depth, const mg_trees_params_t *p) {
    uint32_t kind = depth == 0 ? 3 : random_u32() >> 8 & 3, size = 3;
    uint32_t most = p->leaves == 0 ? p->outputs : p->leaves == 1 ? p->rows : 0x10000u;
    node[0] = (uint16_t)random_between(-3000, 3000);
    node[1] = (uint16_t)((uint32_t)random_between(0, p->features - 1) | kind << 14);
    node[2] = (uint16_t)((random_u32() >> 8) % most);
    if (kind == 3) {
        node[size++] = (uint16_t)((random_u32() >> 8) % most);
        return size;
    }
    size += grow(node + size, depth - 1, p);
    if (kind == 0) {
        node[2] = (uint16_t)size;
        size += grow(node + size, depth - 1, p);
    }
    return size;
}

static void trees(void) {
    static uint16_t words[8192];
    for (uint32_t round = 0; round < 300; round++) {
        mg_trees_params_t p = {.trees = (uint16_t)random_between(1, 9),
                               .features = (uint16_t)random_between(1, 20),
                               .outputs = (uint16_t)random_between(1, 5),
                               .rows = 4,
                               .leaves = (uint16_t)(round % 3)};
        uint32_t size = 0, at = round % 7, rest = 4u * p.outputs + 2u * p.rows * p.outputs;
        for (uint32_t i = 0; i < p.trees; i++) {
            uint32_t length = round % 5 == 0 && i == 0 ? 1 : grow(words + size + 1, random_between(0, 5), &p);
            words[size] = (uint16_t)length;
            words[size + 1] = length == 1 ? 0 : words[size + 1];
            size += length + 1;
        }
        uint8_t *data = allocate(at + rest + 2 * size);
        random_bytes(data, at + rest);
        memcpy(data + at + rest, words, 2 * size);
        p.start_at = at;
        p.rows_at = at + 4u * p.outputs;
        p.trees_at = at + rest;
        p.halfwords = size;
        layer_t layer = {MG_OP_TREES, 1,    {MG_INT16, MG_INT32}, {p.features, p.outputs},
                         &p,          data, at + rest + 2 * size, 0};
        run_moving(&layer, round);
        free(data);
    }
}

/* A node may have at most 64 above it whose right children are yet to come. */
static void deep_trees(void) {
    for (uint32_t depth = 64; depth <= 65; depth++) {
        uint16_t words[3 * 65 + 4 * 66 + 1];
        uint32_t size = 1;
        for (uint32_t i = 0; i < depth; i++) {
            const uint16_t node[] = {0, 0, (uint16_t)(3 * (depth - i) + 4 * (depth - i))};
            memcpy(words + size, node, sizeof node);
            size += 3;
        }
        for (uint32_t i = 0; i <= depth; i++) {
            const uint16_t node[] = {0, 0xc000, 0, 0};
            memcpy(words + size, node, sizeof node);
            size += 4;
        }
        words[0] = (uint16_t)(size - 1);
        mg_trees_params_t p = {.halfwords = size, .trees = 1, .features = 1, .outputs = 1, .leaves = 2};
        layer_t layer = {MG_OP_TREES, 1, {MG_INT16, MG_INT32}, {1, 1}, &p, words, 2 * size, 0};
        size_t bytes;
        uint8_t *file = layer_file(&layer, &bytes);
        mg_model_t model;
        mg_error_t error = {0};
        bool opened = mg_model_open(&model, file, bytes, &error);
        CHECK(opened == (depth == 64), "%u open nodes: %s", depth, error.message);
        free(file);
    }
}

const test_t MOTION_TESTS[] = {
    {"motion refused", refused},
    {"motion moments", moments},
    {"motion bands", bands},
    {"motion lagged", lagged},
    {"motion standardize", standardize},
    {"motion random conv", random_conv},
    {"motion centroids", centroids},
    {"motion trees", trees},
    {"motion deep trees", deep_trees},
    {NULL, NULL},
};
