/* SPDX-License-Identifier: MIT
 *
 * Convolutions whose weights are stored as they are (layouts PLAIN and INT4): a function computes one output pixel from
 * its patch, and is called for each.
 */
#ifndef MG_PIXELS_H
#define MG_PIXELS_H

#include "channels.h"

/* Output channels first <= c < last, and their weights. */
typedef struct {
    mg_channels_t channels;
    const int8_t *weights;
    uint32_t first, last;
} mg_part_t;

/* The part's channels of one output pixel from its patch. */
typedef void (*mg_pixel_fn)(const mg_conv_params_t *p, const mg_part_t *part, const int8_t *patch, int8_t *out);

/* A patch, except where a pixel of the input is one. */
uint64_t mg_patch_size(const mg_conv_params_t *p);

/* int4 weights, of which `unpacked` are in the scratch as int8 at one time. */
bool mg_check_int4(const mg_check_t *check, uint64_t weights, uint64_t unpacked);

/* All channels of all pixels. */
void mg_run_plain(const mg_call_t *call, mg_pixel_fn pixel);

/* The same for int4 weights, of which a channel has so many: unpacked for `group` channels at a time. */
void mg_run_int4(const mg_call_t *call, uint32_t taps, uint32_t group, mg_pixel_fn pixel);

/* -zp_w times the sum of n inputs that are `step` apart; 0 where all is symmetric. */
int32_t mg_weights_offset(const mg_conv_params_t *p, const int8_t *x, uint32_t n, uint32_t step);

#endif
