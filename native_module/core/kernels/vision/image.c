/* SPDX-License-Identifier: MIT
 *
 * IMAGE: rows of a camera's picture, as they come, to the image that a network takes: cropped, averaged over areas, grey
 * or in colours, in the network's numbers. Bytes [in_h, in_w * bytes of a pixel] to int8 or uint8 [out_h, out_w, channels].
 *
 *     y[i][j][c] = table[level],  level = floor(255 * S / T + 1/2)
 *     S = sum over pixels of v_c * a * b,  T = most_c * step_h * step_w
 *
 * v_c is what a pixel holds of channel c, from 0 to most_c; a and b are how many of a pixel's share_h times share_w
 * parts are in the output's area, which has step_h times step_w of them. So the area's average is exact, and rounded
 * once, halves up. Outputs follow each other every height * share_h / out_h parts; areas are as large, or, in the middle
 * of that, as large as a pixel: this is bilinear interpolation with half-pixel centres, whose two weights are what of
 * two pixels is less than half a pixel away. Levels are averages of v_c, except for colours of YUV formats: there they
 * are of Y, U and V, and
 *
 *     R = Y + ((359 * v + 128) >> 8)   G = Y - ((88 * u + 183 * v + 128) >> 8)   B = Y + ((454 * u + 128) >> 8)
 *
 * clamped to 0 ... 255, with u = U - 128, v = V - 128 (JPEG's, ITU-T T.871), index the table.
 * Grey: v = 5 R + 5 G + 2 B of RGB565, whose G has a bit more, and 5 R + 10 G + 2 B of RGB888: within 0.008 of ITU-R
 * BT.601's 0.299, 0.587 and 0.114.
 *
 * Of a mosaic, whose sensor sees one colour at each place, in_h, in_w and all that follows count pixels of two rows and
 * two columns: R, two G, and B, which are where the format says. v: 2 R, G + G, 2 B; of grey 5 R + 5 G + 5 G + 2 B.
 *
 * A row is added to sums of columns, two of which are in a word: uint16, since most_c * step_h <= 65535. Where an output's
 * rows end, its columns are added up; a row that two outputs share is added twice. These sums, and the number of the next
 * row, are the state: uint32 row, then width / 2 words for each channel, and of a mosaic as many for the first row of
 * two. So no picture need be in memory; call->seen says how many bytes of it are there, none to leave the image as it is.
 *
 * The division is a product: n = 510 * S + T is below 2^32 and level = n / (2 T) = (n * multiplier) >> (32 + shift), which
 * the host has checked to be exact. 2^shift < 2 T <= 2^(shift + 1).
 */
#include <string.h>

#include "../../loops/loops.h"
#include "../kernels.h"

enum { GREY8, RGB565, RGB565_LE, YUYV, UYVY, RGB888, RGGB, GRBG, GBRG, BGGR, FORMATS };

#define MOST_SHIFT 23 /* of a division by up to 2^24 */

/* Of channel `plane` two pixels at once: (word >> at) & 0xff >> spare in both halves; or the bytes `at` of formats that
 * have one or three a pixel. Of a mosaic `at` is the bit of a byte in all four. */
typedef struct {
    uint16_t plane : 2, at : 5, spare : 3, factor : 6;
} part_t;

static const part_t PARTS[] = {
    /* GREY8, as grey, then in colours; likewise those below */
    {0, 0, 0, 1},
    {0, 0, 0, 1},
    {1, 0, 0, 1},
    {2, 0, 0, 1},
    /* RGB565 */
    {0, 3, 3, 5},
    {0, 0, 5, 40},
    {0, 13, 5, 5},
    {0, 8, 3, 2},
    {0, 3, 3, 1},
    {1, 0, 5, 8},
    {1, 13, 5, 1},
    {2, 8, 3, 1},
    /* RGB565_LE */
    {0, 11, 3, 5},
    {0, 5, 2, 5},
    {0, 0, 3, 2},
    {0, 11, 3, 1},
    {1, 5, 2, 1},
    {2, 0, 3, 1},
    /* YUYV; of UYVY eight bits away */
    {0, 0, 0, 1},
    {0, 0, 0, 1},
    {1, 8, 0, 1},
    {2, 24, 0, 1},
    /* RGB888 */
    {0, 0, 0, 5},
    {0, 1, 0, 10},
    {0, 2, 0, 2},
    {0, 0, 0, 1},
    {1, 1, 0, 1},
    {2, 2, 0, 1},
    /* RGGB; of other mosaics in other places */
    {0, 0, 0, 5},
    {0, 8, 0, 5},
    {0, 16, 0, 5},
    {0, 24, 0, 2},
    {0, 0, 0, 2},
    {1, 8, 0, 1},
    {1, 16, 0, 1},
    {2, 24, 0, 2},
};

/* Where a format's parts for grey begin and end, and those for colours. */
static const uint8_t PARTS_OF[][3] = {
    {0, 1, 4}, {4, 8, 12}, {12, 15, 18}, {18, 19, 22}, {18, 19, 22}, {22, 25, 28}, {28, 32, 36},
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

/* Whether pixels are of two rows. */
static bool is_mosaic(uint32_t format) {
    return format >= RGGB;
}

/* The largest value of a channel. */
static uint32_t most_of(const mg_image_params_t *p, uint32_t plane) {
    if (p->channels == 1) {
        return is_565(p->format) ? 5 * 31 + 5 * 63 + 2 * 31 : p->format >= RGB888 ? 17 * 255 : 255;
    }
    return is_mosaic(p->format) ? 510 : !is_565(p->format) ? 255 : plane == 1 ? 63 : 31;
}

/* Words of sums for each channel. */
static uint32_t words_of(const mg_image_params_t *p) {
    return p->width / 2u;
}

/* Rows as the camera gives them. */
static uint32_t rows_of(const mg_image_params_t *p) {
    return (uint32_t)p->in_h << is_mosaic(p->format);
}

/* Where the first row of a mosaic's pixels is kept, until the second one comes. */
static uint8_t *row_above(const mg_image_params_t *p, uint32_t *sums) {
    return (uint8_t *)(sums + p->channels * words_of(p));
}

/* Whether outputs of `step` parts are made of pixels of `share`, each of which at most two outputs meet; 16 bits each, so
 * that parts, and as many as a pitch more, can be counted in 32. */
static bool covers(uint32_t pixels, uint32_t share, uint32_t outputs, uint32_t step) {
    const uint32_t pitch = outputs == 0 ? 0 : pixels * share / outputs;
    return pitch * outputs == pixels * share && pitch < 1u << 16 && share != 0
           && (step == pitch ? share <= step : step == share && step < pitch);
}

__attribute__((cold)) bool mg_image_check(const mg_check_t *check) {
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
    if (p->width % 2 != 0 || (is_yuv(p->format) && p->left % 2 != 0) || p->top + p->height > p->in_h
        || p->left + p->width > p->in_w) {
        return MG_REFUSE(check, "a crop that is not in the picture: columns", p->width, p->in_w);
    }
    if (!covers(p->height, p->share_h, p->out_h, p->step_h) || !covers(p->width, p->share_w, p->out_w, p->step_w)) {
        return MG_REFUSE(check, "areas that do not cover the crop: parts", p->step_w, p->share_w);
    }
    if (p->shift[0] > MOST_SHIFT || p->shift[1] > MOST_SHIFT || p->shift[2] > MOST_SHIFT) {
        return MG_REFUSE(check, "an impossible scale of levels: bits", p->shift[0], MOST_SHIFT);
    }
    if (check->tensors[0].dims[0] != rows_of(p)) { /* mg_see counts these */
        return MG_REFUSE(check, "a picture of other rows than its tensor", rows_of(p), check->tensors[0].dims[0]);
    }
    return mg_check_elements(check, 0, mg_times4(rows_of(p), p->in_w, bytes_of(p->format), 1))
           && mg_check_elements(check, 1, mg_times4(p->out_h, p->out_w, p->channels, 1))
           && mg_check_elements(check, 2, 1 + (p->channels + is_mosaic(p->format)) * words_of(p))
           && mg_check_data(check, p->table_at, is_yuv(p->format) && p->channels == 3 ? 512 : 256);
}

/* Two pixels of RGB565, as halves in a register; their bytes may come in the other order. */
static inline __attribute__((always_inline)) void add_grey(uint32_t *sum, uint32_t w, bool swapped, uint32_t five,
                                                           uint32_t two) {
    w = swapped ? mg_swap_bytes2(w) : w;
    uint32_t fives = mg_keep(0x001f001fu), sixes = mg_keep(0x003f003fu);
    *sum += ((w >> 11 & fives) + (w >> 5 & sixes)) * five + (w & fives) * two;
}

/* Adds rows of grey as far as whole groups of words go; gives how many pairs those are. */
static inline __attribute__((always_inline)) uint32_t add_greys(uint32_t *sums, const uint8_t *row, uint32_t pairs,
                                                                uint32_t weight, bool swapped) {
    const uint32_t five = 5 * weight, two = 2 * weight;
#ifdef MG_OWN_GREYS
    const uint32_t own = ((uintptr_t)row & 3u) == 0 ? pairs / 3 * 3 : 0;
    if (own != 0) {
        const mg_greys_t greys = {row, sums, row + 4 * own, five, two};
        (swapped ? mg_add_greys_swapped : mg_add_greys)(&greys);
    }
#else
    const uint32_t own = ((uintptr_t)row & 3u) == 0 ? pairs / 4 * 4 : 0;
    const uint32_t *words = (const void *)row;
    for (const uint32_t *end = words + own; words != end; words += 4, sums += 4) {
        uint32_t a = words[0], b = words[1], c = words[2], d = words[3];
        add_grey(sums, a, swapped, five, two);
        add_grey(sums + 1, b, swapped, five, two);
        add_grey(sums + 2, c, swapped, five, two);
        add_grey(sums + 3, d, swapped, five, two);
    }
#endif
    return own;
}

/* What is called for each row of a picture is as small as can be (cold), but for what goes over its pixels (hot). */
static __attribute__((noinline, hot)) void add_words(uint32_t *sums, const uint8_t *row, uint32_t pairs, uint32_t at,
                                                     uint32_t mask, uint32_t factor) {
    for (const uint32_t *end = sums + pairs; sums != end; row += 4) {
        *sums++ += (mg_load_u32(row) >> at & mask) * factor;
    }
}

static __attribute__((noinline)) void add_bytes(uint32_t *sums, const uint8_t *row, uint32_t pairs, uint32_t bytes,
                                                uint32_t factor) {
    for (const uint32_t *end = sums + pairs; sums != end; row += 2 * bytes) {
        *sums++ += (row[0] | (uint32_t)row[bytes] << 16) * factor;
    }
}

/* Adds a row of the picture, `weight` times, from pair `done` on. */
static __attribute__((noinline)) void add_parts(const mg_image_params_t *p, uint32_t *sums, const uint8_t *row,
                                                uint32_t weight, uint32_t done) {
    const uint32_t format = p->format, bytes = bytes_of(format), words = words_of(p);
    const uint32_t turned =
        is_mosaic(format) ? format - RGGB : format == UYVY; /* each place by so many bytes, by XOR */
    const uint8_t *above = row_above(p, sums);
    const uint8_t *parts = PARTS_OF[is_mosaic(format) ? RGGB : format] + p->channels / 2u;
    for (const part_t *part = PARTS + parts[0]; part != PARTS + parts[1]; part++) {
        uint32_t *to = sums + part->plane * words + done, at = part->at ^ 8 * turned, factor = part->factor * weight;
        uint32_t mask = 0xffu >> part->spare;
        if (bytes != 2) {
            add_bytes(to, row + at, words, bytes, factor);
        } else if (is_yuv(format) && part->plane != 0) { /* the same for both pixels */
            add_words(to, row, words, at, mask, factor * 0x10001u);
        } else {
            const uint8_t *from = is_mosaic(format) && at < 16 ? above : row + 4 * done;
            add_words(to, from, words - done, is_mosaic(format) ? at & 8 : at, mask * 0x10001u, factor);
        }
    }
}

static void add_row(const mg_image_params_t *p, uint32_t *sums, const uint8_t *row, uint32_t weight) {
    uint32_t done = 0, words = words_of(p);
    if (p->channels == 1 && is_565(p->format)) {
#ifdef MG_OWN_GREYS
        done = add_greys(sums, row, words, weight, p->format == RGB565);
#else /* a loop for each order has no branch */
        done = p->format == RGB565 ? add_greys(sums, row, words, weight, true)
                                   : add_greys(sums, row, words, weight, false);
#endif
    }
    if (done != words) {
        add_parts(p, sums, row, weight, done);
    }
}

/* n is 2^(MOST_SHIFT - shift) times as large here, below 2^32 still, so that the bits are always in one place. */
static inline uint8_t level_of(uint32_t n, uint32_t multiplier) {
    return (uint8_t)((uint32_t)(((uint64_t)n * multiplier) >> 32) >> MOST_SHIFT);
}

/* Adds up the columns of a channel; writes what the table has for the levels. */
static __attribute__((noinline, hot)) void average(const mg_image_params_t *p, const uint16_t *column, uint32_t plane,
                                                   const uint8_t *table, uint8_t *out) {
    const uint32_t up = (uint32_t)MOST_SHIFT - p->shift[plane];
    const uint32_t total = most_of(p, plane) * p->step_h * p->step_w << up, times = 510u << up;
    const uint32_t multiplier = p->multiplier[plane], channels = p->channels, share = p->share_w, step = p->step_w;
    const uint32_t pitch = p->width * share / p->out_w;
    uint8_t *end = out + p->out_w * channels;
    if (2 * step == 5 * share) { /* two outputs of five columns, 240 to 96 */
        const uint32_t half = times * share / 2;
        do {
            uint32_t a = 2u * (column[0] + column[1]) + column[2], b = column[2] + 2u * (column[3] + column[4]);
            out[0] = table[level_of(total + a * half, multiplier)];
            out[channels] = table[level_of(total + b * half, multiplier)];
            column += 5;
            out += 2 * channels;
        } while (out != end);
        return;
    }
    if (pitch != step) { /* a pixel's width, of two pixels */
        uint32_t at = (pitch - step) / 2;
        do {
            const uint16_t *two = column + at / share;
            uint32_t n = two[0] * share + (uint32_t)(two[1] - two[0]) * (at % share);
            *out = table[level_of(total + n * times, multiplier)];
            at += pitch;
            out += channels;
        } while (out != end);
        return;
    }
    uint32_t need = step, n = 0; /* parts of the output that are to come */
    do {
        uint32_t value = *column++;
        for (; need > share; need -= share) {
            n += value * share;
            value = *column++;
        }
        n += value * need;
        *out = table[level_of(total + n * times, multiplier)];
        n = value * (share - need);
        need += step - share;
        out += channels;
    } while (out != end);
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

static __attribute__((noinline, hot)) void clear(const mg_image_params_t *p, uint32_t *sums) {
    uint32_t words = p->channels * words_of(p);
    for (; words >= 20; words -= 20, sums += 20) {
        sums[0] = sums[1] = sums[2] = sums[3] = sums[4] = sums[5] = sums[6] = sums[7] = sums[8] = sums[9] = 0;
        sums[10] = sums[11] = sums[12] = sums[13] = sums[14] = sums[15] = sums[16] = sums[17] = sums[18] = sums[19] = 0;
    }
    for (; words != 0; words--) {
        *sums++ = 0;
    }
}

/* Writes a row of the output. */
static __attribute__((noinline, hot)) void finish(const mg_call_t *call, uint32_t *sums, uint32_t row) {
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
}

__attribute__((cold)) void mg_image_run(const mg_call_t *call) {
    const mg_image_params_t *p = &call->params.image;
    uint32_t *state = call->out[1], *sums = state + 1, bytes = bytes_of(p->format), row_size = p->in_w * bytes;
    const uint8_t *row = (const uint8_t *)call->in[0] + p->left * bytes;
    const uint32_t mosaic = is_mosaic(p->format), step = p->step_h, pitch = (uint32_t)p->height * p->share_h / p->out_h,
                   half = (pitch + step) / 2;
    uint32_t count = call->seen / row_size, rows = rows_of(p), y = state[0];
    if (count == 0 || count >= rows || y >= rows) {
        y = 0;
    }
    for (; count != 0 && y < rows; count--, y++, row += row_size) {
        uint32_t line = (y >> mosaic) - p->top; /* above the crop, a large one */
        if (line >= p->height) {
            continue;
        }
        if (mosaic > y % 2) {
            memcpy(row_above(p, sums), row, p->width * bytes);
            continue;
        }
        /* Outputs are in the middle of their pitch; here they are at the beginning of the next. */
        uint32_t part = line * p->share_h + half, at = part / pitch, place = part - at * pitch;
        uint32_t share = p->share_h, next;
        do { /* to one output or two */
            next = pitch - place < share ? pitch - place : share;
            share -= next;
            if (place < step) {
                if (place == 0) {
                    clear(p, sums);
                }
                next = step - place < next ? step - place : next;
                add_row(p, sums, row, next);
                if (place + next == step) {
                    finish(call, sums, at - 1);
                }
            }
            place = 0;
            at++;
        } while (share != 0);
    }
    state[0] = y;
}

void mg_image_see(mg_call_t *call, const uint8_t *params) {
    memcpy(&call->params.image, params, sizeof call->params.image);
    mg_image_run(call);
}
