/* SPDX-License-Identifier: MIT
 *
 * The loops of float32 in plain C. Each sum is taken in the order of its taps, and each product is rounded before it is
 * added, on every core.
 */
#define MG_F32_TILE 1u

static inline void mg_dot_f32_tile(float *sums, const mg_f32_tile_t *tile, uint32_t pixels) {
    (void)pixels;
    const float *x = tile->x, *w0 = tile->w, *w1 = w0 + tile->w_step, *w2 = w1 + tile->w_step, *w3 = w2 + tile->w_step;
    float s0 = sums[0], s1 = sums[1], s2 = sums[2], s3 = sums[3];
    for (uint32_t i = 0; i < tile->taps; i++) {
        float v = x[i];
        s0 += v * w0[i];
        s1 += v * w1[i];
        s2 += v * w2[i];
        s3 += v * w3[i];
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
}

static inline uint32_t mg_add_products_f32(float *sums, const mg_f32_tile_t *tile, uint32_t channels) {
    const float *x = tile->x, *w = tile->w;
    for (uint32_t i = tile->taps; i != 0; i--, x += tile->x_step, w += tile->w_step) {
        for (uint32_t c = 0; c < channels; c++) {
            sums[c] += x[c] * w[c];
        }
    }
    return channels;
}
