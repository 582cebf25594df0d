/* SPDX-License-Identifier: MIT
 *
 * Functions of a float32 in single precision, the same on every core: native modules have no libm,
 * and a libm's own would differ from board to board and pull in doubles.
 *
 * Each is within a few units in the last place (relative 1e-6) where nothing else is said.
 */
#ifndef MG_REAL_H
#define MG_REAL_H

float mg_exp(float x);
float mg_expm1(float x); /* exp(x) - 1, exact to the last places near 0 too */
float mg_log(float x);
float mg_tanh(float x);
float mg_logistic(float x);
float mg_sin(float x); /* absolute 1e-6 for |x| < 10^4, worse beyond */
float mg_cos(float x);
float mg_atan2(float y, float x);
float mg_erf(float x); /* absolute 1e-6 */
float mg_rsqrt(float x);
float mg_sqrt(float x);
float mg_floor(float x);

#endif
