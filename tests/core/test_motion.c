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

static const refusal_t REFUSALS[] = {
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
    {"bands", BAND_AXES, {{PARAM(bands, mean), 2}}},
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
                               .mean = round % 3 == 0};
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

const test_t MOTION_TESTS[] = {
    {"motion refused", refused},
    {"motion moments", moments},
    {"motion bands", bands},
    {NULL, NULL},
};
