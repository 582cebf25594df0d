/* SPDX-License-Identifier: MIT
 *
 * The activation of outputs that have been saturated to int8: y = min(max(y, low), high).
 */
#include "../simd/simd.h"
#include "kernels.h"

void mg_clamp_bytes(int8_t *y, uint32_t n, int32_t min, int32_t max) {
    const uint32_t low = 0x01010101u * (uint8_t)min, high = 0x01010101u * (uint8_t)max;
    for (; n >= 4; n -= 4, y += 4) {
        uint32_t word = mg_min4(mg_max4(mg_load_u32((const uint8_t *)y), low), high);
        memcpy(y, &word, 4);
    }
    for (; n != 0; n--, y++) {
        *y = (int8_t)mg_clamp(*y, min, max);
    }
}
