/* SPDX-License-Identifier: MIT
 *
 * Loads from any address: the file may be unaligned in flash. Compilers turn these into one load
 * where the core allows it.
 */
#ifndef MG_BYTES_H
#define MG_BYTES_H

#include <stdint.h>
#include <string.h>

static inline int64_t mg_load_i64(const uint8_t *p) {
    int64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* A float32's bits, and what bits stand for. */
static inline uint32_t mg_bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float mg_float_of(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

#ifdef __ARM_FEATURE_UNALIGNED /* one instruction, also to a compiler that counts these when it goes for size */

static inline uint16_t mg_load_u16(const uint8_t *p) {
    uint16_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline uint32_t mg_load_u32(const uint8_t *p) {
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline void mg_store_u32(uint8_t *p, uint32_t v) {
    memcpy(p, &v, sizeof v);
}

#else /* not by memcpy, which would be a call where words have to be aligned */

static inline uint16_t mg_load_u16(const uint8_t *p) {
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t mg_load_u32(const uint8_t *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline void mg_store_u32(uint8_t *p, uint32_t v) {
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
    p[2] = (uint8_t)(v >> 16);
    p[3] = (uint8_t)(v >> 24);
}

#endif

/* Whether an address is a multiple of 2 or 4, as it has to be for mg_load_word. */
static inline int mg_is_aligned(const void *p, uint32_t bytes) {
    return ((uintptr_t)p & (bytes - 1)) == 0;
}

/* Whether instructions that load 2 or 4 bytes at a time can do so there: on cores that load them from any address,
 * always. C itself allows it nowhere, so where sanitizers watch, on PCs, it is not done. */
static inline int mg_can_load(const void *p, uint32_t bytes) {
#if defined __ARM_FEATURE_UNALIGNED && !defined __aarch64__
    (void)p, (void)bytes;
    return 1;
#else
    return mg_is_aligned(p, bytes);
#endif
}

/* From a multiple of four. */
static inline uint32_t mg_load_word(const void *aligned) {
    uint32_t word;
    memcpy(&word, __builtin_assume_aligned(aligned, 4), sizeof word);
    return word;
}

static inline void mg_store_word(void *aligned, uint32_t word) {
    memcpy(__builtin_assume_aligned(aligned, 4), &word, sizeof word);
}

static inline int32_t mg_load_i16(const uint8_t *p) {
    return (int16_t)mg_load_u16(p);
}

static inline int32_t mg_load_i32(const uint8_t *p) {
    return (int32_t)mg_load_u32(p);
}

static inline float mg_load_f32(const uint8_t *p) {
    float v;
    memcpy(&v, p, sizeof v);
    return v;
}

#endif
