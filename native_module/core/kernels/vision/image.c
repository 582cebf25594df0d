/* SPDX-License-Identifier: MIT
 *
 * IMAGE: rows of a camera's picture, as they come, to the image that a network takes: cropped, averaged over areas, grey
 * or in colours, in the network's numbers. Bytes [in_h, in_w * bytes of a pixel] to int8 or uint8 [out_h, out_w, channels].
 *
 *     y[i][j][c] = table[level],  level = floor(255 * S / T + 1/2)
 *     S = sum over pixels of v_c * a * b,  T = most_c * step_h * step_w
 *
 * v_c is what a pixel holds of channel c, from 0 to most_c; a and b are how many of a pixel's share_h times share_w parts
 * are in the output's area, which has step_h times step_w of them. So the area's average is exact, and rounded once,
 * halves up. Levels are averages of v_c, except for colours of YUV formats: there they are of Y, U and V, and
 *
 *     R = Y + ((359 * v + 128) >> 8)   G = Y - ((88 * u + 183 * v + 128) >> 8)   B = Y + ((454 * u + 128) >> 8)
 *
 * clamped to 0 ... 255, with u = U - 128, v = V - 128 (JPEG's, ITU-T T.871), index the table.
 * Grey: v = 5 R + 5 G + 2 B of RGB565, whose G has a bit more, and 5 R + 10 G + 2 B of RGB888: within 0.008 of ITU-R
 * BT.601's 0.299, 0.587 and 0.114.
 *
 * A row is added to sums of columns, two of which are in a word: uint16, since most_c * step_h <= 65535. Where an output's
 * rows end, its columns are added up; a row that two outputs share is added twice. These sums, and the number of the next
 * row, are the state: uint32 row, then width / 2 words for each channel. So no picture need be in memory; call->seen
 * says how many bytes of it are there, none to leave the image as it is.
 *
 * The division is a product: n = 510 * S + T is below 2^32 and level = n / (2 T) = (n * multiplier) >> (32 + shift), which
 * the host has checked to be exact.
 */
#include <string.h>

#include "../../loops/loops.h"
#include "../kernels.h"

enum { GREY8, RGB565, RGB565_LE, YUYV, UYVY, RGB888, FORMATS };

/* Of channel `plane` in a format, two pixels at once: (word >> at) & mask of both halves, or of the lower one for both
 * pixels (bits 8 | BOTH); or (bits 0) the bytes `at` of two pixels. */
typedef struct {
    uint8_t kind, plane, at, bits, factor;
} part_t;

#define BOTH 0x80u
#define KIND(format, colours) ((format) << 1 | (colours))

static const part_t PARTS[] = {
    {KIND(GREY8, 0), 0, 0, 0, 1},        {KIND(GREY8, 1), 0, 0, 0, 1},       {KIND(GREY8, 1), 1, 0, 0, 1},
    {KIND(GREY8, 1), 2, 0, 0, 1},        {KIND(RGB565, 1), 0, 3, 5, 1},      {KIND(RGB565, 1), 1, 0, 3, 8},
    {KIND(RGB565, 1), 1, 13, 3, 1},      {KIND(RGB565, 1), 2, 8, 5, 1},      {KIND(RGB565_LE, 1), 0, 11, 5, 1},
    {KIND(RGB565_LE, 1), 1, 5, 6, 1},    {KIND(RGB565_LE, 1), 2, 0, 5, 1},   {KIND(YUYV, 0), 0, 0, 8, 1},
    {KIND(YUYV, 1), 0, 0, 8, 1},         {KIND(YUYV, 1), 1, 8, 8 | BOTH, 1}, {KIND(YUYV, 1), 2, 24, 8 | BOTH, 1},
    {KIND(UYVY, 0), 0, 8, 8, 1},         {KIND(UYVY, 1), 0, 8, 8, 1},        {KIND(UYVY, 1), 1, 0, 8 | BOTH, 1},
    {KIND(UYVY, 1), 2, 16, 8 | BOTH, 1}, {KIND(RGB888, 0), 0, 0, 0, 5},      {KIND(RGB888, 0), 0, 1, 0, 10},
    {KIND(RGB888, 0), 0, 2, 0, 2},       {KIND(RGB888, 1), 0, 0, 0, 1},      {KIND(RGB888, 1), 1, 1, 0, 1},
    {KIND(RGB888, 1), 2, 2, 0, 1},
};

static uint32_t bytes_of(uint32_t format) {
    return format == GREY8 ? 1 : format == RGB888 ? 3 : 2;
}

static bool is_565(uint32_t format) {
    return format == RGB565 || format == RGB565_LE;
}

static bool is_yuv(uint32_t format) {
    return format == YUYV || format == UYVY;
}

/* The largest value of a channel. */
static uint32_t most_of(const mg_image_params_t *p, uint32_t plane) {
    if (p->channels == 1) {
        return is_565(p->format) ? 5 * 31 + 5 * 63 + 2 * 31 : p->format == RGB888 ? 17 * 255 : 255;
    }
    return !is_565(p->format) ? 255 : plane == 1 ? 63 : 31;
}

/* Words of sums for each channel. */
static uint32_t words_of(const mg_image_params_t *p) {
    return p->width / 2u;
}

/* Whether outputs of `step` parts are made of pixels of `share`, each of which at most two outputs meet. */
static bool covers(uint32_t pixels, uint32_t share, uint32_t outputs, uint32_t step) {
    return share != 0 && share <= step && outputs != 0 && mg_times(pixels, share) == mg_times(outputs, step);
}

bool mg_image_check(const mg_check_t *check) {
    const mg_image_params_t *p = &check->params.image;
    const uint8_t dtypes[] = {MG_UINT8, check->tensors[1].dtype == MG_UINT8 ? MG_UINT8 : MG_INT8, MG_UINT32};
    if (!mg_check_tensors(check, 1, 2, dtypes)) {
        return false;
    }
    if (check->tensors[0].place != MG_PLACE_OUTSIDE || check->tensors[2].place != MG_PLACE_STATE) {
        return MG_REFUSE(check, "a picture in the arena: place", check->tensors[0].place, MG_PLACE_OUTSIDE);
    }
    if (p->format >= FORMATS || (p->channels != 1 && p->channels != 3)) {
        return MG_REFUSE(check, "a picture in an unknown format", p->format, FORMATS - 1);
    }
    if (p->width % 2 != 0 || (is_yuv(p->format) && p->left % 2 != 0) || mg_plus(p->top, p->height) > p->in_h
        || mg_plus(p->left, p->width) > p->in_w) {
        return MG_REFUSE(check, "a crop that is not in the picture: columns", p->width, p->in_w);
    }
    if (!covers(p->height, p->share_h, p->out_h, p->step_h) || !covers(p->width, p->share_w, p->out_w, p->step_w)) {
        return MG_REFUSE(check, "areas that do not cover the crop: parts", p->step_w, p->share_w);
    }
    for (uint32_t i = 0; i < 3; i++) {
        if (p->shift[i] > 31) {
            return MG_REFUSE(check, "an impossible scale of levels: bits", p->shift[i], 31);
        }
    }
    if (check->tensors[0].dims[0] != p->in_h) { /* mg_see counts these */
        return MG_REFUSE(check, "a picture of other rows than its tensor", p->in_h, check->tensors[0].dims[0]);
    }
    return mg_check_elements(check, 0, mg_times4(p->in_h, p->in_w, bytes_of(p->format), 1))
           && mg_check_elements(check, 1, mg_times4(p->out_h, p->out_w, p->channels, 1))
           && mg_check_elements(check, 2, mg_plus(1, mg_times(p->channels, words_of(p))))
           && mg_check_data(check, p->table_at, is_yuv(p->format) && p->channels == 3 ? 512 : 256);
}

/* Two pixels of RGB565, as halves in a register; their bytes may come in the other order. */
static inline __attribute__((always_inline)) void add_grey(uint32_t *sum, uint32_t w, bool swapped, uint32_t five,
                                                           uint32_t two) {
    w = swapped ? mg_swap_bytes2(w) : w;
    uint32_t fives = mg_keep(0x001f001fu), sixes = mg_keep(0x003f003fu);
    *sum += ((w >> 11 & fives) + (w >> 5 & sixes)) * five + (w & fives) * two;
}

static inline __attribute__((always_inline)) void add_greys(uint32_t *sums, const uint8_t *row, uint32_t pairs,
                                                            uint32_t weight, bool swapped) {
    const uint32_t five = 5 * weight, two = 2 * weight;
#ifdef MG_OWN_GREYS
    const uint32_t own = ((uintptr_t)row & 3u) == 0 ? pairs / 3 * 3 : 0;
    if (own != 0) {
        const mg_greys_t greys = {row, sums, row + 4 * own, five, two};
        (swapped ? mg_add_greys_swapped : mg_add_greys)(&greys);
    }
    row += 4 * own, sums += own, pairs -= own;
#else
    if (((uintptr_t)row & 3u) == 0) {
        const uint32_t *words = (const void *)row;
        for (; pairs >= 4; pairs -= 4, words += 4, sums += 4) {
            uint32_t a = words[0], b = words[1], c = words[2], d = words[3];
            add_grey(sums, a, swapped, five, two);
            add_grey(sums + 1, b, swapped, five, two);
            add_grey(sums + 2, c, swapped, five, two);
            add_grey(sums + 3, d, swapped, five, two);
        }
        row = (const void *)words;
    }
#endif
    for (; pairs != 0; pairs--, row += 4) {
        add_grey(sums++, mg_load_u32(row), swapped, five, two);
    }
}

static void add_part(uint32_t *sums, const uint8_t *row, uint32_t pairs, const part_t *part, uint32_t weight) {
    uint32_t mask = ((1u << (part->bits & ~BOTH)) - 1) * 0x10001u, at = part->at, factor = part->factor * weight;
    if ((part->bits & BOTH) != 0) {
        mask &= 0xffffu;
        factor *= 0x10001u;
    }
    for (const uint32_t *end = sums + pairs; sums != end; row += 4) {
        *sums++ += (mg_load_u32(row) >> at & mask) * factor;
    }
}

static void add_bytes(uint32_t *sums, const uint8_t *row, uint32_t pairs, uint32_t bytes, uint32_t factor) {
    for (const uint32_t *end = sums + pairs; sums != end; row += 2 * bytes) {
        *sums++ += (row[0] | (uint32_t)row[bytes] << 16) * factor;
    }
}

/* Adds a row of the picture, `weight` times. */
static void add_row(const mg_image_params_t *p, uint32_t *sums, const uint8_t *row, uint32_t weight) {
    uint32_t bytes = bytes_of(p->format), pairs = p->width / 2u;
    row += p->left * bytes;
    if (p->channels == 1 && is_565(p->format)) {
#ifdef MG_OWN_GREYS /* which leave two pairs at most */
        add_greys(sums, row, pairs, weight, p->format == RGB565);
#else /* a loop for each order has no branch */
        if (p->format == RGB565) {
            add_greys(sums, row, pairs, weight, true);
        } else {
            add_greys(sums, row, pairs, weight, false);
        }
#endif
        return;
    }
    for (uint32_t i = 0; i < sizeof PARTS / sizeof PARTS[0]; i++) {
        const part_t *part = &PARTS[i];
        uint32_t *to = sums + part->plane * words_of(p);
        if (part->kind != KIND(p->format, p->channels == 3)) {
            continue;
        }
        if (part->bits != 0) {
            add_part(to, row, pairs, part, weight);
        } else {
            add_bytes(to, row + part->at, pairs, bytes, part->factor * weight);
        }
    }
}

static inline uint8_t level_of(uint32_t n, uint32_t multiplier, uint32_t shift) {
    return (uint8_t)((uint32_t)(((uint64_t)n * multiplier) >> 32) >> shift);
}

/* Adds up the columns of a channel; writes what the table has for the levels. Parts are 510 times as many here. */
static __attribute__((noinline)) void average(const mg_image_params_t *p, const uint16_t *column, uint32_t plane,
                                              const uint8_t *table, uint8_t *out) {
    const int32_t share = (int32_t)(510u * p->share_w);
    const uint32_t total = most_of(p, plane) * p->step_h * p->step_w;
    const uint32_t multiplier = p->multiplier[plane], shift = p->shift[plane], channels = p->channels;
    const int32_t step = (int32_t)(510u * p->step_w);
    uint8_t *end = out + p->out_w * channels;
    if (2 * step == 5 * share) { /* two outputs of five columns, 240 to 96 */
        const uint32_t half = (uint32_t)share / 2;
        for (; out != end; out += 2 * channels, column += 5) {
            uint32_t a = 2u * (column[0] + column[1]) + column[2], b = column[2] + 2u * (column[3] + column[4]);
            out[0] = table[level_of(total + a * half, multiplier, shift)];
            out[channels] = table[level_of(total + b * half, multiplier, shift)];
        }
        return;
    }
    int32_t need = step; /* parts of the output that are to come */
    uint32_t n = total;
    for (; out != end; out += channels) {
        uint32_t value = *column++;
        while ((need -= share) > 0) {
            n += value * (uint32_t)share;
            value = *column++;
        }
        need += share;
        n += value * (uint32_t)need;
        *out = table[level_of(n, multiplier, shift)];
        n = total + value * (uint32_t)(share - need);
        need += step - share;
    }
}

static uint8_t to_byte(int32_t x) {
    return (uint8_t)(x < 0 ? 0 : x > 255 ? 255 : x);
}

static void to_colours(uint8_t *pixel, uint32_t count, const uint8_t *table) {
    for (; count != 0; count--, pixel += 3) {
        int32_t y = pixel[0], u = pixel[1] - 128, v = pixel[2] - 128;
        pixel[0] = table[to_byte(y + ((359 * v + 128) >> 8))];
        pixel[1] = table[to_byte(y - ((88 * u + 183 * v + 128) >> 8))];
        pixel[2] = table[to_byte(y + ((454 * u + 128) >> 8))];
    }
}

static __attribute__((noinline)) void clear(const mg_image_params_t *p, uint32_t *sums) {
    uint32_t words = p->channels * words_of(p);
    for (; words >= 20; words -= 20, sums += 20) {
        sums[0] = sums[1] = sums[2] = sums[3] = sums[4] = sums[5] = sums[6] = sums[7] = sums[8] = sums[9] = 0;
        sums[10] = sums[11] = sums[12] = sums[13] = sums[14] = sums[15] = sums[16] = sums[17] = sums[18] = sums[19] = 0;
    }
    for (; words != 0; words--) {
        *sums++ = 0;
    }
}

/* Writes a row of the output, and starts the next one. */
static void finish(const mg_call_t *call, uint32_t *sums, uint32_t row) {
    const mg_image_params_t *p = &call->params.image;
    const uint8_t *table = call->data + p->table_at;
    bool converted = p->channels == 3 && is_yuv(p->format); /* from levels as they are, a second table */
    uint8_t *out = (uint8_t *)call->out[0] + row * p->out_w * p->channels;
    for (uint32_t plane = 0; plane < p->channels; plane++) {
        average(p, (const uint16_t *)(sums + plane * words_of(p)), plane, table + (converted ? 256 : 0), out + plane);
    }
    if (converted) {
        to_colours(out, p->out_w, table);
    }
    clear(p, sums);
}

void mg_image_run(const mg_call_t *call) {
    const mg_image_params_t *p = &call->params.image;
    uint32_t *state = call->out[1], *sums = state + 1, row_size = p->in_w * bytes_of(p->format);
    const uint8_t *row = call->in[0];
    uint32_t count = call->seen / row_size, y = state[0];
    if (count == 0 || count >= p->in_h || y >= p->in_h) {
        y = 0;
    }
    for (; count != 0 && y < p->in_h; count--, y++, row += row_size) {
        if (y < p->top || y - p->top >= p->height) {
            continue;
        }
        uint32_t part = (y - p->top) * p->share_h, at = part / p->step_h, left = (at + 1) * p->step_h - part;
        uint32_t weight = left < p->share_h ? left : p->share_h;
        if (part == 0) {
            clear(p, sums);
        }
        add_row(p, sums, row, weight);
        if (weight == left) {
            finish(call, sums, at);
            if (weight < p->share_h) {
                add_row(p, sums, row, p->share_h - weight);
            }
        }
    }
    state[0] = y;
}

void mg_image_see(mg_call_t *call, const uint8_t *params) {
    memcpy(&call->params.image, params, sizeof call->params.image);
    mg_image_run(call);
}
