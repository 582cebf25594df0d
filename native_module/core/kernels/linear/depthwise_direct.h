/* SPDX-License-Identifier: MIT
 *
 * Depthwise layers that read the image where it lies (depthwise_direct.c), of every layout but INT4 and MVE. They take
 * no scratch. The layouts differ in their channel tables only.
 */
#ifndef MG_DEPTHWISE_DIRECT_H
#define MG_DEPTHWISE_DIRECT_H

#include "channels.h"

/* The taps of a window: how many, and bytes from one to the next in the image, 0 where there is no such step. */
typedef struct {
    uint32_t n, step;
} mg_window_taps_t;

/* Whether a layer is one of these. Its shapes may be any. */
bool mg_is_direct(const mg_conv_params_t *p);

mg_window_taps_t mg_window_taps(const mg_conv_params_t *p);

/* The layer, with the channel table of layout PLAIN; of DSP and SWAR_PIXELS; of SWAR_CHANNELS. */
void mg_depthwise_direct_plain(const mg_call_t *call);
void mg_depthwise_direct_short(const mg_call_t *call);
void mg_depthwise_direct_fine(const mg_call_t *call);

#endif
