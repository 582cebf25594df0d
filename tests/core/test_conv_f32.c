/* SPDX-License-Identifier: MIT
 *
 * Random convolutions in float32 against the formula, bit for bit: on every core a sum is taken in the order of its taps,
 * and each product is rounded before it is added.
 */
#include "layers.h"

static float draw(void) {
    return (float)random_between(-1000000, 1000000) / (float)(1 << random_between(8, 24));
}

static float slow_float(const mg_conv_params_t *p, const float *x, const float *data, bool depthwise,
                        const int32_t at[4]) {
    const float *w = data + p->weights_at / 4, *table = data + p->channels_at / 4;
    const int32_t c = at[3], first = depthwise ? c / (p->out_c / p->in_c) : 0;
    volatile float sum = 0; /* no product is added before it is rounded */
    for (int32_t ky = 0; ky < p->kernel_h; ky++) {
        for (int32_t kx = 0; kx < p->kernel_w; kx++) {
            int32_t y = at[1] * p->stride_h - p->pad_top + ky * p->dilation_h;
            int32_t z = at[2] * p->stride_w - p->pad_left + kx * p->dilation_w;
            for (int32_t k = first; k < (depthwise ? first + 1 : p->in_c); k++) {
                if (y >= 0 && y < p->in_h && z >= 0 && z < p->in_w) {
                    volatile float product = x[((at[0] * p->in_h + y) * p->in_w + z) * p->in_c + k]
                                             * w[depthwise ? (ky * p->kernel_w + kx) * p->out_c + c
                                                           : ((c * p->kernel_h + ky) * p->kernel_w + kx) * p->in_c + k];
                    sum = sum + product;
                }
            }
        }
    }
    sum = sum + table[2 + c];
    return sum < table[0] ? table[0] : sum > table[1] ? table[1] : sum;
}

/* What the same file gives at an address that is no multiple of four. */
static void compare_elsewhere(const layer_t *layer, const layer_run_t *run, uint32_t round) {
    size_t size;
    mg_model_t model;
    mg_tensor_t output;
    mg_error_t error;
    uint8_t *file = layer_file(layer, &size), *room = allocate(size + 1), *moved = room + 1;
    uint8_t *arena = allocate(run->model.arena_size);
    memcpy(moved, file, size);
    if (CHECK(mg_model_open(&model, moved, size, &error), "%s", error.message)
        && CHECK(mg_model_bind(&model, arena, run->model.arena_size, &error), "%s", error.message)) {
        memcpy(arena, run->model.arena, run->model.arena_size);
        mg_run(&model);
        mg_tensor(&model, 1, &output);
        CHECK(memcmp(mg_tensor_data(&model, &output), run->output, run->output_size) == 0, "%u: elsewhere", round);
    }
    free(arena);
    free(room);
    free(file);
}

static void float_convs(void) {
    for (uint32_t round = 0; round < 600; round++) {
        bool depthwise = round % 2 != 0;
        mg_conv_params_t p = random_convolution(depthwise, round / 2);
        uint32_t taps = (uint32_t)p.kernel_h * p.kernel_w * (depthwise ? 1u : p.in_c) * p.out_c;
        uint32_t n = taps + 2u + p.out_c;
        float *data = allocate(4 * n);
        for (uint32_t i = 0; i < n; i++) {
            data[i] = round % 16 < 2 ? draw() * 1e-38f : draw(); /* products and sums without a leading one, too */
        }
        data[taps] = round % 3 == 0 ? -1e30f : -100.0f;
        data[taps + 1] = round % 3 == 1 ? 1e30f : 100.0f;
        p.channels_at = 4 * taps;
        layer_t layer = {
            depthwise ? MG_OP_DEPTHWISE_CONV_2D_F32 : MG_OP_CONV_2D_F32,
            1,
            {MG_FLOAT32, MG_FLOAT32},
            {(uint32_t)p.batches * p.in_h * p.in_w * p.in_c, (uint32_t)p.batches * p.out_h * p.out_w * p.out_c},
            &p,
            data,
            4 * n,
            0};
        layer_run_t run;
        if (layer_run(&layer, &run)) {
            const float *x = (const void *)run.inputs[0], *out = (const void *)run.output;
            for (uint32_t i = 0; i < layer.elements[1]; i++) {
                uint32_t pixel = i / p.out_c, row = pixel / p.out_w;
                const int32_t at[4] = {(int32_t)(row / p.out_h), (int32_t)(row % p.out_h), (int32_t)(pixel % p.out_w),
                                       (int32_t)(i % p.out_c)};
                float wanted = slow_float(&p, x, data, depthwise, at);
                if (!CHECK(memcmp(&wanted, out + i, 4) == 0, "%u: output %u is %g, wanted %g", round, i, (double)out[i],
                           (double)wanted)) {
                    break;
                }
            }
            compare_elsewhere(&layer, &run, round);
            layer_free(&run);
        }
        free(data);
    }
}

const test_t CONV_F32_TESTS[] = {{"convolutions in float32", float_convs}, {NULL, NULL}};
