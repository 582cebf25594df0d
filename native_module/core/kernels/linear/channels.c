/* SPDX-License-Identifier: MIT */
#include "channels.h"

void mg_clamp_outputs(const mg_channels_t *channels, int8_t *out, uint32_t n) {
    mg_clamp_bytes(out, n, (int8_t)channels->min, (int8_t)channels->max);
}
