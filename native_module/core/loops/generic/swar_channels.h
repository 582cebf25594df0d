/* SPDX-License-Identifier: MIT
 *
 * A block of layout `swar_channels`, for the few taps that no loop takes. Sums wrap on purpose.
 */

/* A block of n taps of four channels. */
static inline void mg_add_four_channels(uint32_t sums[4], const uint8_t *w, const int8_t *x, uint32_t n) {
    uint32_t low = 0, high = 0, all = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t four = mg_load_word(w + 4 * i), value = (uint32_t)x[i];
        all += value;
        low += (four & 0x00ff00ffu) * value;
        high += (four >> 8 & 0x00ff00ffu) * value;
    }
    mg_add_block(sums, low - all * (128u * 65537u));
    mg_add_block(sums + 2, high - all * (128u * 65537u));
}
