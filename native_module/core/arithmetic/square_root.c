/* SPDX-License-Identifier: MIT */
#include "square_root.h"

const uint8_t mg_inverse_roots[128] = {
    [32] = 252, 248, 244, 241, 238, 234, 231, 228, 226, 223, 220, 218, 215, 213, 211, 209, 206, 204, 202, 200,
    198,        197, 195, 193, 191, 190, 188, 186, 185, 183, 182, 181, 179, 178, 176, 175, 174, 173, 171, 170,
    169,        168, 167, 166, 165, 163, 162, 161, 160, 159, 158, 158, 157, 156, 155, 154, 153, 152, 151, 150,
    150,        149, 148, 147, 147, 146, 145, 144, 144, 143, 142, 142, 141, 140, 139, 139, 138, 138, 137, 136,
    136,        135, 135, 134, 133, 133, 132, 132, 131, 131, 130, 130, 129, 129, 128, 128,
};

uint32_t mg_root32(uint32_t x) {
    if (x == 0) {
        return 0;
    }
    uint32_t pairs = (uint32_t)__builtin_clz(x) / 2;
    return mg_root_of_word(x << 2 * pairs) >> pairs;
}

uint32_t mg_root64(uint64_t x) {
    if (x >> 32 == 0) {
        return mg_root32((uint32_t)x);
    }
    uint32_t pairs = mg_root_headroom(x);
    x <<= 2 * pairs;
    return mg_root_of_words((uint32_t)(x >> 32), (uint32_t)x) >> pairs;
}
