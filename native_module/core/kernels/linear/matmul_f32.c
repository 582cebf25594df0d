/* SPDX-License-Identifier: MIT
 *
 * MATMUL_F32 and RESIZE_F32, float32.
 *
 *     MATMUL  y[n,i,j] = sum over k of a[n,i,k] * b[n,j,k]: both matrices by rows, batches broadcast.
 *             The host lays a matrix that the model has by columns by rows first.
 *     RESIZE  y[n,i,j,c] = (1 - v) ((1 - u) x[n,i0,j0,c] + u x[n,i0,j1,c]) + v (... x[n,i1,...])
 *             i0, i1, v of every row and j0, j1, u of every column are tables that the host makes
 *
 * Source: TFLM's BATCH_MATMUL and RESIZE_BILINEAR for the formulas. Nearest neighbour is u = v = 0.
 */
#include "../../simd/simd.h"
#include "../float32.h"

bool mg_matmul_f32_check(const mg_check_t *check) {
    const mg_matmul_f32_params_t *p = &check->params.matmul_f32;
    const uint32_t dims[] = {p->batches[0], p->batches[1], p->rows, p->depth};
    const uint32_t others[] = {p->batches[0], p->batches[1], p->columns, p->depth};
    const uint32_t a[] = {p->a_stride[0], p->a_stride[1], p->rows == 1 ? 0 : p->depth, p->depth > 1};
    const uint32_t b[] = {p->b_stride[0], p->b_stride[1], p->columns == 1 ? 0 : p->depth, p->depth > 1};
    if (!mg_check_signature(check, 2, MG_FLOAT32, MG_FLOAT32)) {
        return false;
    }
    if (check->tensors[0].place == MG_PLACE_DATA) { /* the second matrix may be a constant */
        return MG_REFUSE(check, "a constant where this op wants a tensor of the arena: input", 0, UINT32_MAX);
    }
    return mg_check_walk(check, 0, dims, a, 4, MG_MOST) && mg_check_walk(check, 1, others, b, 4, MG_MOST)
           && mg_check_elements(check, 2, mg_times4(p->batches[0], p->batches[1], p->rows, p->columns));
}

void mg_matmul_f32_run(const mg_call_t *call) {
    const mg_matmul_f32_params_t *p = &call->params.matmul_f32;
    float *out = call->out[0];
    for (uint32_t n = 0; n < p->batches[0] * p->batches[1]; n++) {
        uint32_t outer = n / p->batches[1], inner = n % p->batches[1];
        const float *a = (const float *)call->in[0] + outer * p->a_stride[0] + inner * p->a_stride[1];
        const uint8_t *b = (const uint8_t *)call->in[1] + 4 * (outer * p->b_stride[0] + inner * p->b_stride[1]);
        for (uint32_t i = 0; i < p->rows; i++, a += p->depth) {
            for (uint32_t j = 0; j < p->columns; j++) {
                *out++ = mg_dot_f32(0, a, b + 4 * j * p->depth, p->depth);
            }
        }
    }
}

/* An entry of a table: uint16 first, uint16 second, float32 share of the second. */
#define ENTRY 8u

static bool check_table(const mg_check_t *check, uint32_t at, uint32_t n, uint32_t in) {
    if (!mg_check_data(check, at, mg_times(ENTRY, n))) {
        return false;
    }
    for (uint32_t i = 0; i < n; i++) {
        const uint8_t *entry = check->data + at + ENTRY * i;
        if (mg_load_u16(entry) >= in || mg_load_u16(entry + 2) >= in) {
            return MG_REFUSE(check, "a resize reads outside its input: position", mg_load_u16(entry), in);
        }
    }
    return true;
}

bool mg_resize_f32_check(const mg_check_t *check) {
    const mg_resize_f32_params_t *p = &check->params.resize_f32;
    return mg_check_signature_f32(check, 1)
           && mg_check_elements(check, 0, mg_times4(p->batches, p->in_h, p->in_w, p->channels))
           && mg_check_elements(check, 1, mg_times4(p->batches, p->out_h, p->out_w, p->channels))
           && check_table(check, p->rows_at, p->out_h, p->in_h) && check_table(check, p->columns_at, p->out_w, p->in_w);
}

void mg_resize_f32_run(const mg_call_t *call) {
    const mg_resize_f32_params_t *p = &call->params.resize_f32;
    const float *image = call->in[0];
    float *out = call->out[0];
    uint32_t line = (uint32_t)p->in_w * p->channels;
    for (uint32_t n = 0; n < p->batches; n++, image += p->in_h * line) {
        const uint8_t *row = call->data + p->rows_at;
        for (uint32_t i = 0; i < p->out_h; i++, row += ENTRY) {
            const float *above = image + mg_load_u16(row) * line, *below = image + mg_load_u16(row + 2) * line;
            float v = mg_load_f32(row + 4);
            const uint8_t *column = call->data + p->columns_at;
            for (uint32_t j = 0; j < p->out_w; j++, column += ENTRY) {
                uint32_t left = (uint32_t)mg_load_u16(column) * p->channels;
                uint32_t right = (uint32_t)mg_load_u16(column + 2) * p->channels;
                float u = mg_load_f32(column + 4);
                for (uint32_t c = 0; c < p->channels; c++) {
                    float y0 = above[left + c] * (1 - u) + above[right + c] * u;
                    float y1 = below[left + c] * (1 - u) + below[right + c] * u;
                    *out++ = y0 * (1 - v) + y1 * v;
                }
            }
        }
    }
}
