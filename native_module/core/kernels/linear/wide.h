/* SPDX-License-Identifier: MIT
 *
 * Layout PLAIN on PCs, which widen a layer's weights each time it runs (conv_wide.c). Both say whether they have run the
 * layer: not where it is too small to be worth it or too large for the stack, nor where weights have a zero point.
 */
#ifndef MG_CONV_WIDE_H
#define MG_CONV_WIDE_H

#include "channels.h"

#ifdef MG_EIGHTS

bool mg_conv_wide(const mg_call_t *call);
bool mg_depthwise_wide(const mg_call_t *call);

#else

static inline bool mg_conv_wide(const mg_call_t *call) {
    (void)call;
    return false;
}

static inline bool mg_depthwise_wide(const mg_call_t *call) {
    (void)call;
    return false;
}

#endif
#endif
