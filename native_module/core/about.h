/* SPDX-License-Identifier: MIT
 *
 * What was built, as one line of text: version, major version of the format, instruction set, and the families of
 * ops.def of which there is an op. Bindings hand it to Python, whose midge.info() takes it apart.
 */
#ifndef MG_ABOUT_H
#define MG_ABOUT_H

#include "ops.h"
#include "simd/simd.h"

#define MG_TEXT_OF(x) MG_TEXT(x)
#define MG_TEXT(x) #x

static const char MG_ABOUT[] = MG_VERSION " " MG_TEXT_OF(MG_FORMAT_MAJOR) " " MG_SIMD_NAME
#define MG_FAMILY(name) " " #name
#define MG_OP(number, name, kernel, params, in_place)
#include MG_OPS
#undef MG_OP
    ;

#endif
