/* SPDX-License-Identifier: MIT
 *
 * What program.c needs of an emulated core; start_<isa>.c gives it.
 */
#include <stdint.h>

void print(const char *text);
void program(void);
