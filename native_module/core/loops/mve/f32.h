/* SPDX-License-Identifier: MIT
 *
 * Sums of products in vectors of four pixels, which share each weight. Vectors take numbers without a leading one for 0,
 * and tell of it in FPSCR: such a tile is left to the FPU, which rounds as all other cores do.
 */
#include <arm_mve.h>

#define MG_F32_TILE 4u
#define MG_FLUSHED 0x88u /* IDC, UFC */

#define MG_ALL_SUMS "+w"(s0), "+w"(s1), "+w"(s2), "+w"(s3) /* so that what computes them stays where it is */

static inline bool mg_dot_f32_four_pixels(float *sums, const mg_f32_tile_t *tile) {
    const uint32x4_t pixels = vidupq_n_u32(0, 4);
    const uint32x4_t from = vmulq_n_u32(pixels, tile->x_step), to = vmulq_n_u32(pixels, tile->sums_step);
    const float *x = tile->x, *w0 = tile->w, *w1 = w0 + tile->w_step, *w2 = w1 + tile->w_step, *w3 = w2 + tile->w_step;
    float32x4_t s0 = vldrwq_gather_offset_f32(sums, to), s1 = vldrwq_gather_offset_f32(sums + 1, to);
    float32x4_t s2 = vldrwq_gather_offset_f32(sums + 2, to), s3 = vldrwq_gather_offset_f32(sums + 3, to);
    uint32_t flags;
    __asm__ volatile("vmrs %0, fpscr\n"
                     "bic %0, %0, %5\n"
                     "vmsr fpscr, %0\n"
                     : "=&r"(flags), MG_ALL_SUMS
                     : "i"(MG_FLUSHED));
    for (uint32_t n = tile->taps; n != 0; n--) {
        float32x4_t v = vldrwq_gather_offset_f32(x++, from);
        s0 = vaddq_f32(s0, vmulq_n_f32(v, *w0++));
        s1 = vaddq_f32(s1, vmulq_n_f32(v, *w1++));
        s2 = vaddq_f32(s2, vmulq_n_f32(v, *w2++));
        s3 = vaddq_f32(s3, vmulq_n_f32(v, *w3++));
    }
    __asm__ volatile("vmrs %0, fpscr" : "=&r"(flags), MG_ALL_SUMS);
    if ((flags & MG_FLUSHED) != 0) {
        return false;
    }
    vstrwq_scatter_offset_f32(sums, to, s0);
    vstrwq_scatter_offset_f32(sums + 1, to, s1);
    vstrwq_scatter_offset_f32(sums + 2, to, s2);
    vstrwq_scatter_offset_f32(sums + 3, to, s3);
    return true;
}

static inline void mg_dot_f32_tile(float *sums, const mg_f32_tile_t *tile, uint32_t pixels) {
    if (pixels != MG_F32_TILE || !mg_dot_f32_four_pixels(sums, tile)) {
        mg_f32_tile_t rest = *tile;
        for (; pixels != 0; pixels--, rest.x += rest.x_step, sums += rest.sums_step) {
            mg_dot_f32_pixels(sums, &rest, 1);
        }
    }
}
