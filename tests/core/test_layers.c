/* SPDX-License-Identifier: MIT
 *
 * Random layers of the other int8 ops against the formula (layers.h).
 */
#include <math.h>

#include "layers.h"

static void slow_pool(const mg_pool_params_t *p, const int8_t *x, bool average, int8_t *out) {
    for (int32_t i = 0; i < p->batches * p->out_h * p->out_w * p->channels; i++) {
        int32_t c = i % p->channels, z = i / p->channels % p->out_w, y = i / p->channels / p->out_w % p->out_h;
        int32_t n = i / p->channels / p->out_w / p->out_h, count = 0, sum = 0, max = -128;
        int32_t top = y * p->stride_h - p->pad_top, left = z * p->stride_w - p->pad_left;
        for (int32_t row = top; row < top + p->kernel_h; row++) {
            for (int32_t col = left; col < left + p->kernel_w; col++) {
                if (row >= 0 && row < p->in_h && col >= 0 && col < p->in_w) {
                    int32_t v = x[((n * p->in_h + row) * p->in_w + col) * p->channels + c];
                    count++;
                    sum += v;
                    max = v > max ? v : max;
                }
            }
        }
        int32_t mean = (int32_t)round((double)sum / count);
        *out++ = (int8_t)clamp(average ? mean : max, p->act_min, p->act_max);
    }
}

static void pools(void) {
    for (uint32_t round = 0; round < 1500; round++) {
        axis_t h = random_axis(false), w = random_axis(false);
        bool average = round % 2 == 0;
        mg_pool_params_t p = {(uint16_t)random_between(1, 2),
                              h.in,
                              w.in,
                              (uint16_t)random_between(1, 7),
                              h.out,
                              w.out,
                              h.kernel,
                              w.kernel,
                              h.stride,
                              w.stride,
                              h.pad,
                              w.pad,
                              (int8_t)(round % 3 == 0 ? -20 : -128),
                              (int8_t)(round % 3 == 0 ? 30 : 127),
                              0};
        uint32_t inputs = (uint32_t)p.batches * h.in * w.in * p.channels;
        uint32_t outputs = (uint32_t)p.batches * h.out * w.out * p.channels;
        layer_t layer = {average ? MG_OP_AVERAGE_POOL_2D : MG_OP_MAX_POOL_2D,
                         1,
                         {MG_INT8, MG_INT8},
                         {inputs, outputs},
                         &p,
                         NULL,
                         0,
                         0};
        layer_run_t run;
        if (layer_run(&layer, &run)) {
            int8_t *wanted = allocate(outputs);
            slow_pool(&p, (const int8_t *)run.inputs[0], average, wanted);
            compare(wanted, &run, average ? "average pool" : "max pool", round);
            free(wanted);
            layer_free(&run);
        }
    }
}

/* The largest window that the validator lets through, full of the largest values. */
static void largest_average(void) {
    enum { H = 1024, W = 4096 };
    for (int32_t value = -128; value <= 127; value += 255) {
        mg_pool_params_t p = {1, H, W, 1, 1, 1, H, W, 1, 1, 0, 0, -128, 127, 0};
        layer_t layer = {MG_OP_AVERAGE_POOL_2D, 1, {MG_INT8, MG_INT8}, {H * W, 1}, &p, NULL, 0, 0};
        layer_run_t run;
        if (layer_run(&layer, &run)) {
            memset(run.inputs[0], value, H * W);
            mg_run(&run.model);
            CHECK(*(int8_t *)run.output == value, "%d became %d", value, *(int8_t *)run.output);
            layer_free(&run);
        }
    }
}

/* Each of five dimensions in a or b or both; the elements that each input then has. */
static void random_broadcast(mg_binary_params_t *p, uint32_t elements[3]) {
    elements[0] = elements[1] = elements[2] = 1;
    for (uint32_t i = 5; i-- != 0;) {
        uint32_t d = (uint32_t)random_between(1, 4), shared = (uint32_t)random_between(0, 3);
        p->dims[i] = d;
        p->a_stride[i] = d > 1 && shared != 1 ? elements[0] : 0;
        p->b_stride[i] = d > 1 && shared != 2 ? elements[1] : 0;
        elements[0] *= shared != 1 ? d : 1;
        elements[1] *= shared != 2 ? d : 1;
        elements[2] *= d;
    }
}

static int8_t slow_binary(const mg_binary_params_t *p, bool add, int32_t a, int32_t b) {
    a -= p->a_zero_point;
    b -= p->b_zero_point;
    int32_t y = a * b;
    if (add) {
        y = slow_wrap((int64_t)slow_requantize(a * (1 << 20), p->a_multiplier, p->a_shift)
                      + slow_requantize(b * (1 << 20), p->b_multiplier, p->b_shift));
    }
    y = slow_requantize(y, p->out_multiplier, p->out_shift);
    return (int8_t)clamp(slow_wrap((int64_t)y + p->out_zero_point), p->act_min, p->act_max);
}

static void binaries(void) {
    for (uint32_t round = 0; round < 1500; round++) {
        bool add = round % 2 == 0, wild = round % 10 == 0;
        int32_t out_shift = add ? random_between(-20, -17) : random_between(-8, -5);
        mg_binary_params_t p = {.a_multiplier = random_multiplier(),
                                .b_multiplier = random_multiplier(),
                                .out_multiplier = random_multiplier(),
                                .a_shift = (int8_t)(wild ? random_between(-31, 30) : -1),
                                .b_shift = (int8_t)(wild ? random_between(-31, 30) : 0),
                                .out_shift = (int8_t)(wild ? random_between(-31, 30) : out_shift),
                                .a_zero_point = (int8_t)random_between(-128, 127),
                                .b_zero_point = (int8_t)random_between(-128, 127),
                                .out_zero_point = (int8_t)random_between(-128, 127),
                                .act_min = (int8_t)random_between(-128, -20),
                                .act_max = (int8_t)random_between(20, 127)};
        if (round % 6 == 2) { /* scales of simple ratios: many sums are halves */
            p.a_multiplier = p.out_multiplier = 1 << 30;
            p.b_multiplier = round % 4 == 0 ? 3 << 29 : 1 << 30;
            p.b_shift = (int8_t)random_between(-4, 0);
        }
        layer_t layer = {add ? MG_OP_ADD : MG_OP_MUL, 2, {MG_INT8, MG_INT8, MG_INT8}, {0}, &p, NULL, 0, 0};
        random_broadcast(&p, layer.elements);
        layer_run_t run;
        if (!layer_run(&layer, &run)) {
            continue;
        }
        int8_t *wanted = allocate(layer.elements[2]);
        for (uint32_t i = 0; i < layer.elements[2]; i++) {
            uint32_t rest = i, a = 0, b = 0;
            for (uint32_t d = 5; d-- != 0; rest /= p.dims[d]) {
                a += rest % p.dims[d] * p.a_stride[d];
                b += rest % p.dims[d] * p.b_stride[d];
            }
            wanted[i] = slow_binary(&p, add, (int8_t)run.inputs[0][a], (int8_t)run.inputs[1][b]);
        }
        compare(wanted, &run, add ? "add" : "mul", round);
        free(wanted);
        layer_free(&run);
    }
}

/* Six axes, in a random order kept, reduced, kept, ...: rows of a contiguous input. */
static void means(void) {
    for (uint32_t round = 0; round < 1000; round++) {
        mg_reduce_params_t p = {.bias = random_between(-3000, 3000),
                                .multiplier = random_multiplier(),
                                .shift = round % 8 == 0 ? random_between(-31, 30) : random_between(-5, 0),
                                .out_zero_point = random_between(-128, 127)};
        uint32_t elements = 1, kept = 1;
        for (uint32_t i = 3; i-- != 0;) {
            uint32_t d[2] = {(uint32_t)random_between(1, 5), (uint32_t)random_between(1, 5)};
            for (uint32_t j = 0; j < 2; j++) {
                bool keep = (j + round / 2) % 2 == 0;
                (keep ? p.keep_dims : p.reduce_dims)[i] = d[j];
                (keep ? p.keep_stride : p.reduce_stride)[i] = d[j] == 1 ? 0 : elements;
                elements *= d[j];
                kept *= keep ? d[j] : 1;
            }
        }
        layer_t layer = {MG_OP_MEAN, 1, {MG_INT8, MG_INT8}, {elements, kept}, &p, NULL, 0, 0};
        layer_run_t run;
        if (!layer_run(&layer, &run)) {
            continue;
        }
        int8_t *wanted = allocate(kept);
        for (uint32_t i = 0; i < kept; i++) {
            uint32_t rest = i, base = 0, count = p.reduce_dims[0] * p.reduce_dims[1] * p.reduce_dims[2];
            for (uint32_t d = 3; d-- != 0; rest /= p.keep_dims[d]) {
                base += rest % p.keep_dims[d] * p.keep_stride[d];
            }
            int64_t sum = p.bias;
            for (uint32_t j = 0; j < count; j++) {
                uint32_t at = base, left = j;
                for (uint32_t d = 3; d-- != 0; left /= p.reduce_dims[d]) {
                    at += left % p.reduce_dims[d] * p.reduce_stride[d];
                }
                sum += (int8_t)run.inputs[0][at];
            }
            int32_t y = slow_requantize(slow_wrap(sum), p.multiplier, p.shift);
            wanted[i] = (int8_t)clamp(slow_wrap((int64_t)y + p.out_zero_point), -128, 127);
        }
        compare(wanted, &run, "mean", round);
        free(wanted);
        layer_free(&run);
    }
}

/* Slices with any step of a transposed input into a part of the output. */
static void copies(void) {
    static const uint8_t DTYPES[] = {MG_INT8, MG_UINT8, MG_INT16, MG_INT32, MG_FLOAT32};
    for (uint32_t round = 0; round < 1500; round++) {
        uint32_t dtype = DTYPES[round % 5], size = mg_dtype_size(dtype);
        mg_copy_params_t p = {
            .element_size = (uint16_t)size, .fill = round % 3 == 0, .fill_value = (int32_t)random_u32()};
        uint32_t in = 1, out = 1;
        int32_t order = random_between(0, 4);
        for (uint32_t i = 5; i-- != 0;) {
            uint32_t d = (uint32_t)random_between(1, 4), from = (i + (uint32_t)order) % 5;
            int32_t in_step = random_between(1, 2), out_step = random_between(1, 2);
            int32_t sign = random_between(0, 1) * 2 - 1;
            p.dims[from] = d;
            p.in_stride[from] = d == 1 ? 0 : (int32_t)in * in_step * sign;
            p.in_start += sign < 0 ? (d - 1) * in * (uint32_t)in_step : 0;
            in *= d * (uint32_t)in_step;
            p.out_stride[from] = d == 1 ? 0 : (int32_t)out * out_step * -sign;
            p.out_start += sign > 0 ? (d - 1) * out * (uint32_t)out_step : 0;
            out *= d * (uint32_t)out_step;
        }
        layer_t layer = {MG_OP_COPY, 1, {dtype, dtype}, {in, out}, &p, NULL, 0, 0};
        layer_run_t run;
        if (!layer_run(&layer, &run)) {
            continue;
        }
        int8_t *wanted = allocate((size_t)out * size);
        memcpy(wanted, run.output, out * size);
        for (uint32_t i = 0; p.fill && i < out; i++) {
            memcpy(wanted + i * size, &p.fill_value, size);
        }
        for (uint32_t i = 0; i < p.dims[0] * p.dims[1] * p.dims[2] * p.dims[3] * p.dims[4]; i++) {
            int64_t rest = i, from = p.in_start, to = p.out_start;
            for (uint32_t d = 5; d-- != 0; rest /= p.dims[d]) {
                from += rest % p.dims[d] * p.in_stride[d];
                to += rest % p.dims[d] * p.out_stride[d];
            }
            memcpy(wanted + to * size, run.inputs[0] + from * size, size);
        }
        compare(wanted, &run, "copy", round);
        free(wanted);
        layer_free(&run);
    }
}

static void tables(void) {
    for (uint32_t round = 0; round < 200; round++) {
        uint8_t table[259];
        random_bytes(table, sizeof table);
        mg_lut_params_t p = {(uint32_t)random_between(1, 300), round % 4};
        layer_t layer = {MG_OP_LUT, 1, {1 + round % 2, 1 + round / 2 % 2}, {p.count, p.count}, &p, table, 259, 0};
        layer_run_t run;
        if (layer_run(&layer, &run)) {
            for (uint32_t i = 0; i < p.count; i++) {
                uint8_t y = ((uint8_t *)run.output)[i];
                CHECK(y == table[p.table_at + run.inputs[0][i]], "lut %u: output %u is %u", round, i, y);
            }
            layer_free(&run);
        }
    }
}

/* Within one step of the real function; the exact bits are the host's conformance tests'. */
static void softmaxes(void) {
    for (uint32_t round = 0; round < 300; round++) {
        double scale = random_between(1, 3000) / 10000.0;
        uint32_t depth = (uint32_t)random_between(1, round % 50 == 0 ? 4095 : 40);
        uint32_t rows = (uint32_t)random_between(1, 3), elements = rows * depth;
        int32_t table[256];
        for (int32_t i = 0; i < 256; i++) {
            double value = exp(-i * scale) * 2147483648.0;
            table[i] = value > 2147483647.0 ? INT32_MAX : (int32_t)value;
        }
        mg_softmax_params_t p = {rows, depth, 0, (uint32_t)random_between(200, 256)};
        p.table_size = scale < 0.1 ? 256 : p.table_size;
        layer_t layer = {MG_OP_SOFTMAX, 1, {MG_INT8, MG_INT8}, {elements, elements}, &p, table, sizeof table, 0};
        layer_run_t run;
        if (!layer_run(&layer, &run)) {
            continue;
        }
        for (uint32_t r = 0; r < rows; r++) {
            const int8_t *x = (const int8_t *)run.inputs[0] + r * depth, *y = (const int8_t *)run.output + r * depth;
            double sum = 0;
            for (uint32_t c = 0; c < depth; c++) {
                sum += exp(x[c] * scale);
            }
            for (uint32_t c = 0; c < depth; c++) {
                double wanted = fmin(exp(x[c] * scale) / sum * 256 - 128, 127);
                CHECK(fabs(y[c] - wanted) <= 1.0, "softmax %u: %d, wanted %g", round, y[c], wanted);
            }
        }
        layer_free(&run);
    }
}

static void affine(void) {
    for (uint32_t i = 0; i < 300; i++) {
        mg_affine_params_t p = {(uint32_t)random_between(1, 100), (float)random_between(1, 1000) / 300.0f,
                                random_between(-128, 127)};
        layer_t layer = {MG_OP_QUANTIZE, 1, {MG_FLOAT32, MG_INT8}, {p.count, p.count}, &p, NULL, 0, 0};
        layer_run_t run;
        if (layer_run(&layer, &run)) {
            for (uint32_t j = 0; j < p.count; j++) {
                float x = ((float *)run.inputs[0])[j];
                int32_t y = ((int8_t *)run.output)[j];
                int32_t wanted = clamp((int64_t)round((double)(x / p.scale)) + p.zero_point, -128, 127);
                CHECK(y == wanted, "quantize %g: %d, wanted %d", (double)x, y, wanted);
            }
            layer_free(&run);
        }
        layer_t back = {MG_OP_DEQUANTIZE, 1, {MG_INT8, MG_FLOAT32}, {p.count, p.count}, &p, NULL, 0, 0};
        if (layer_run(&back, &run)) {
            for (uint32_t j = 0; j < p.count; j++) {
                float y = ((float *)run.output)[j], wanted = p.scale * (float)((int8_t)run.inputs[0][j] - p.zero_point);
                CHECK(y == wanted, "dequantize: %g, wanted %g", (double)y, (double)wanted);
            }
            layer_free(&run);
        }
    }
}

const test_t LAYER_TESTS[] = {
    {"pools", pools},
#ifndef __arm__ /* emulated boards have 16 MB */
    {"largest average", largest_average},
#endif
    {"binaries", binaries},
    {"means", means},
    {"copies", copies},
    {"tables", tables},
    {"softmaxes", softmaxes},
    {"affine", affine},
    {NULL, NULL},
};
