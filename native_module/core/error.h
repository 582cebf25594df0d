/* SPDX-License-Identifier: MIT
 *
 * How the core's files report what they find wrong: the first fault is recorded, and false is handed up.
 */
#ifndef MG_ERROR_H
#define MG_ERROR_H

#include "midge.h"

/* Record a fault and give false. Out of line: everything calls them. */
MG_CHECKED bool mg_fail(mg_error_t *error, mg_status_t status, const char *message);
MG_CHECKED bool mg_fail_with(mg_error_t *error, mg_status_t status, const char *message, uint32_t found,
                             uint32_t wanted);

#endif
