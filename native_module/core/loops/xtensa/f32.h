/* SPDX-License-Identifier: MIT
 *
 * The loops of float32 on the FPU of ESP32 and ESP32-S3 (mac16_f32.c).
 */
#define MG_F32_TILE 2u

void mg_dot_f32_tile(float *sums, const mg_f32_tile_t *tile, uint32_t pixels);
uint32_t mg_add_products_f32(float *sums, const mg_f32_tile_t *tile, uint32_t channels);
uint32_t mg_finish_f32(float *sums, const float *bias, uint32_t n, float low, float high);
