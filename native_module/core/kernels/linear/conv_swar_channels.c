/* SPDX-License-Identifier: MIT
 *
 * CONV_2D with two channels in a word (layout SWAR_CHANNELS): the formula of conv_i8.c, for cores that multiply one
 * number at a time, load bytes with their sign as fast as words, and have some 28 registers (RISC-V). Pixels are read
 * as they lie, and three of them times four channels are summed in registers.
 *
 * A word holds the weights of two channels as w0 + w1 * 2^16, so that x times it is two products. A block is
 * q = 2^15 + the products of two taps, whose absolute weights are at most 255 together (the converter sees to
 * that): the lower field lies in [0, 2^16), the upper one in [-2^15, 2^15), and q >> 16 is exactly the upper one:
 *
 *     total = sum(q) mod 2^32, upper = sum(q >> 16)
 *     sum of channel 1 = upper,   sum of channel 0 = total - upper * 2^16 - blocks * 2^15
 *
 * Weights: four channels at a time, those behind the last one zero; tap after tap, bytes c0 c2 c1 c3, each plus
 * 128, so that masks take the pairs (c0 c1) and (c2 c3) out of a word. For a tile of pixels, as large as the
 * scratch allows, CHUNK taps are expanded to two words each.
 *
 * A layer with a single output pixel (fully connected) uses each weight once and takes the pairs as the masks leave
 * them: 128 * (1 + 2^16) times the sum of a block's x goes off the block instead. Where bit 8 of a shift is set in
 * the table, four taps of those four channels have at most 255 together, and are a block.
 *
 * Channel table: channels.h, but with rounding and shift of mg_requantize_fine.
 */
#include "swar_channels.h"

#define CHUNK 256
#define PIXELS 3
#define FOUR 4 /* channels */
#define MASK 0x00ff00ffu
#define HALF 0x8000u
#define FLAGS_AT 13 /* in a channel of the table: behind the lowest byte of the shift */

static bool is_one_pixel(const mg_conv_params_t *p) {
    return MG_DENSE_ONLY || (p->batches == 1 && p->out_h == 1 && p->out_w == 1);
}

/* The patches are the image. */
static bool lies_in_patches(const mg_conv_params_t *p) {
    return mg_is_pointwise(p) && p->in_h == p->out_h && p->in_w == p->out_w;
}

static uint32_t weights_size(const mg_conv_params_t *p) {
    return mg_times(mg_taps_of(p), mg_round_up(p->out_c, 4));
}

static uint32_t chunk_size(uint32_t taps) {
    return 8 * (taps < CHUNK ? taps : CHUNK);
}

/* Of three pixels: their sums where there are several chunks, and their patches. */
static uint32_t triple_size(const mg_conv_params_t *p) {
    const uint32_t taps = mg_taps_of(p), patches = lies_in_patches(p) ? 0 : mg_times(PIXELS, taps);
    return mg_plus(taps > CHUNK ? 4 * PIXELS * FOUR : 0, patches);
}

/* The least, for tiles of three pixels. More makes it faster. */
static uint32_t scratch_size(const mg_conv_params_t *p) {
    if (is_one_pixel(p)) {
        return mg_is_pointwise(p) ? 0 : mg_taps_of(p);
    }
    return mg_plus(chunk_size(mg_taps_of(p)), triple_size(p));
}

/* For another three pixels; for all. */
static inline uint32_t scratch_step(const mg_conv_params_t *p) {
    return is_one_pixel(p) ? 0 : triple_size(p);
}

static inline uint32_t scratch_most(const mg_conv_params_t *p) {
    const uint32_t triples = mg_pixels_of(p) / PIXELS + (mg_pixels_of(p) % PIXELS != 0);
    return is_one_pixel(p) ? scratch_size(p) : mg_plus(chunk_size(mg_taps_of(p)), mg_times(triple_size(p), triples));
}

bool mg_conv_swar_channels_check(const mg_check_t *check) {
    const mg_conv_params_t *p = &check->params.conv;
    return mg_check_conv(check, weights_size(p), scratch_size(p))
           && MG_OFFER_SCRATCH(check, scratch_step(p), scratch_most(p));
}

static inline __attribute__((always_inline)) void expand_from(int32_t *words, const uint8_t *weights, uint32_t n,
                                                              bool aligned) {
    const uint32_t zero = 0x00800080u;
#pragma GCC unroll 4
    for (uint32_t k = 0; k < n; k++, weights += 4, words += 2) {
        const uint32_t four = aligned ? mg_load_word(weights) : mg_load_u32(weights);
        words[0] = (int32_t)((four & MASK) - zero);
        words[1] = (int32_t)((four >> 8 & MASK) - zero);
    }
}

/* Four weights of n taps as two words each. */
static __attribute__((noinline)) void expand(int32_t *words, const uint8_t *weights, uint32_t n) {
    if (((uintptr_t)weights & 3u) == 0) {
        expand_from(words, weights, n, true);
    } else {
        expand_from(words, weights, n, false);
    }
}

/* Pixels that are summed together. */
typedef struct {
    const int8_t *x;
    uint32_t n, taps, out_c;
    int32_t *w;
    uint32_t *kept; /* sums, where there are several chunks */
    int8_t *out;
} tile_t;

/* What a job on four channels from c starts and ends with. */
static void set_channels(mg_swar_job_t *job, const mg_channels_t *channels, uint32_t c, uint32_t taps) {
    uint32_t bias[FOUR] = {0, 0, 0, 0};
    for (uint32_t i = 0; i < FOUR; i++) {
        job->fine[i] = (mg_fine_t){0, 0, 0};
        if (c + i < channels->n) {
            const mg_fine_channel_t channel = mg_load_fine_channel(channels, c + i);
            bias[i] = (uint32_t)channel.bias;
            job->fine[i] = channel.fine;
        }
    }
    for (uint32_t i = 0; i < FOUR; i += 2) {
        job->start[i] = bias[i] + (bias[i + 1] << 16) - (taps + 1) / 2 * HALF;
        job->start[i + 1] = bias[i + 1];
    }
    job->sign = channels->above ? 0 : 0u - 2;
}

/* The job on the pixels of a tile, `count` channels of which are stored. */
static void sum_tile(mg_swar_job_t *job, const tile_t *tile, uint32_t c, uint32_t count) {
    const uint32_t taps = tile->taps, out_c = tile->out_c;
    int8_t few[PIXELS * FOUR], *y = tile->out + c;
    job->kept = tile->kept;
    if (count == FOUR) {
        const uint32_t x_step[] = {taps, 2 * taps, 3 * taps}, y_step[] = {out_c, 2 * out_c, 3 * out_c};
        memcpy(job->x_step, x_step, sizeof x_step);
        memcpy(job->y_step, y_step, sizeof y_step);
        job->y = y;
        job->triples = tile->n / PIXELS;
        if (job->triples != 0) {
            mg_sum_triples(job);
        }
        y = job->y;
    }
    /* What is left, and where there are fewer channels, goes over a place of its own: a pixel that is none is the
     * first one again. */
    for (uint32_t i = count == FOUR ? tile->n / PIXELS * PIXELS : 0; i < tile->n; i += PIXELS) {
        const uint32_t n = tile->n - i < PIXELS ? tile->n - i : PIXELS;
        const uint32_t x_step[] = {n > 1 ? taps : 0, n > 2 ? 2 * taps : 0, n * taps}, y_step[] = {FOUR, 2 * FOUR, 0};
        memcpy(job->x_step, x_step, sizeof x_step);
        memcpy(job->y_step, y_step, sizeof y_step);
        job->y = few;
        job->triples = 1;
        mg_sum_triples(job);
        for (uint32_t pixel = 0; job->ends != 0 && pixel < n; pixel++, y += out_c) {
            for (uint32_t j = 0; j < count; j++) {
                y[j] = few[FOUR * pixel + j];
            }
        }
    }
}

static void finish_tile(const mg_channels_t *channels, const tile_t *tile, const uint8_t *weights) {
    const uint32_t taps = tile->taps;
    mg_swar_job_t job = {.w = tile->w};
    for (uint32_t c = 0; c < channels->n; c += FOUR) {
        set_channels(&job, channels, c, taps);
        for (uint32_t k = 0; k < taps; k += job.taps, weights += FOUR * job.taps) {
            job.taps = taps - k < CHUNK ? taps - k : CHUNK;
            job.w_end = job.w + 2 * (job.taps & ~3u);
            job.x = tile->x + k;
            job.goes_on = k != 0;
            job.ends = k + job.taps == taps;
            expand(tile->w, weights, job.taps);
            sum_tile(&job, tile, c, channels->n - c < FOUR ? channels->n - c : FOUR);
        }
    }
}

/* Gathers the patches of the pixels from `first`. */
static void load_tile(const mg_conv_params_t *p, const int8_t *image, uint32_t first, uint32_t n, int8_t *to) {
    const uint32_t pixels = (uint32_t)p->out_h * p->out_w, taps = mg_taps_of(p);
    uint32_t at = first % pixels, y = at / p->out_w, x = at % p->out_w;
    image += first / pixels * p->in_h * p->in_w * p->in_c;
    for (; n != 0; n--, to += taps) {
        mg_gather_patch(p, image, (int32_t)y, (int32_t)x, to);
        if (++x == p->out_w) {
            x = 0;
            if (++y == p->out_h) {
                y = 0;
                image += (uint32_t)p->in_h * p->in_w * p->in_c;
            }
        }
    }
}

/* Blocks of one pixel are summed: total, upper of each two channels, and how many blocks there were. */
typedef struct {
    uint32_t sums[2 * FOUR];
    uint32_t blocks;
} columns_t;

/* Eight channels, in blocks of `block` taps. */
static void sum_eight(columns_t *columns, const uint8_t *w0, const uint8_t *w1, const int8_t *x, uint32_t taps,
                      uint32_t block) {
    const uint32_t whole = taps & ~3u;
    columns->blocks = whole / 4 * (block == 4 ? 1 : 2) + taps - whole;
    mg_dot_eight_channels(columns->sums, w0, w1, x, whole, block);
    for (uint32_t k = whole; k < taps; k++) {
        mg_add_four_channels(columns->sums, w0 + 4 * k, x + k, 1);
        mg_add_four_channels(columns->sums + FOUR, w1 + 4 * k, x + k, 1);
    }
}

/* Four channels. */
static void sum_four(columns_t *columns, const uint8_t *w, const int8_t *x, uint32_t taps) {
    uint32_t sums[FOUR] = {0, 0, 0, 0};
    columns->blocks = (taps + 1) / 2;
    for (; taps >= 2; taps -= 2, w += 8, x += 2) {
        mg_add_four_channels(sums, w, x, 2);
    }
    if (taps != 0) {
        mg_add_four_channels(sums, w, x, 1);
    }
    memcpy(columns->sums, sums, sizeof sums);
}

/* The same for weights at any address. */
static void sum_four_anywhere(columns_t *columns, const uint8_t *w, const int8_t *x, uint32_t taps) {
    columns->blocks = 0;
    for (uint32_t i = 0; i < FOUR; i += 2) {
        uint32_t low = 0, high = 0;
        for (uint32_t k = 0; k < taps; k++) {
            low += (uint32_t)(w[4 * k + i / 2] - 128) * (uint32_t)x[k];
            high += (uint32_t)(w[4 * k + i / 2 + 2] - 128) * (uint32_t)x[k];
        }
        columns->sums[i] = low + (high << 16);
        columns->sums[i + 1] = high;
    }
}

static inline int8_t finish_sum(const mg_fine_channel_t *channel, uint32_t sum) {
    return mg_requantize_fine((int32_t)(sum + (uint32_t)channel->bias), &channel->fine, false);
}

/* n channels, from c. */
static __attribute__((noinline)) void finish_columns(const mg_channels_t *channels, uint32_t c, uint32_t n,
                                                     const columns_t *columns, int8_t *y) {
    const uint8_t *table = channels->table + sizeof(mg_fine_channel_t) * c;
    const uint32_t *sums = columns->sums, start = columns->blocks * HALF;
    mg_fine_channel_t copied[2 * FOUR], channel;
    if (((uintptr_t)table & 3u) != 0) {
        memcpy(copied, table, n * sizeof *copied);
        table = (const uint8_t *)copied;
    }
    for (const int8_t *end = y + n; y != end; sums += 2) {
        const uint32_t upper = sums[1], lower = sums[0] - (upper << 16) - start;
        memcpy(&channel, __builtin_assume_aligned(table, 4), sizeof channel);
        table += sizeof channel;
        *y++ = finish_sum(&channel, lower);
        if (y == end) {
            return;
        }
        memcpy(&channel, __builtin_assume_aligned(table, 4), sizeof channel);
        table += sizeof channel;
        *y++ = finish_sum(&channel, upper);
    }
}

static void finish_one_pixel(const mg_channels_t *channels, const uint8_t *weights, const int8_t *x, uint32_t taps,
                             int8_t *out) {
    const bool aligned = ((uintptr_t)weights & 3u) == 0;
    const uint32_t out_c = channels->n;
    columns_t columns;
    for (uint32_t c = 0, n; c < out_c; c += n, weights += n * taps) {
        n = FOUR;
        if (!aligned) {
            sum_four_anywhere(&columns, weights, x, taps);
        } else if (c + FOUR >= out_c) {
            sum_four(&columns, weights, x, taps);
        } else {
            const uint8_t *flags = channels->table + sizeof(mg_fine_channel_t) * c + FLAGS_AT;
            const uint8_t fours = flags[0] & flags[sizeof(mg_fine_channel_t) * FOUR];
            sum_eight(&columns, weights, weights + FOUR * taps, x, taps, (fours & 1u) != 0 ? 4 : 2);
            n = 2 * FOUR;
        }
        finish_columns(channels, c, out_c - c < n ? out_c - c : n, &columns, out + c);
    }
    mg_clamp_each(channels, out, out_c);
}

void mg_conv_swar_channels_run(const mg_call_t *call) {
    const mg_conv_params_t *p = &call->params.conv;
    const mg_channels_t channels = mg_channels_of(call);
    const uint8_t *weights = call->data + p->weights_at;
    const int8_t *image = call->in[0];
    const uint32_t taps = mg_taps_of(p), pixels = (uint32_t)p->batches * p->out_h * p->out_w;
    if (is_one_pixel(p)) {
        if (p->kernel_h != 1 || p->kernel_w != 1) {
            mg_gather_patch(p, image, 0, 0, call->scratch);
            image = call->scratch;
        }
        finish_one_pixel(&channels, weights, image, taps, call->out[0]);
        return;
    }
    const uint32_t triple = triple_size(p), chunk = chunk_size(taps);
    uint32_t most = (pixels + PIXELS - 1) / PIXELS; /* triples */
    if (triple != 0 && (call->scratch_size - chunk) / triple < most) {
        most = (call->scratch_size - chunk) / triple;
    }
    uint32_t *kept = (uint32_t *)call->scratch + chunk / 4;
    int8_t *patches = (int8_t *)(kept + (taps > CHUNK ? most * PIXELS * FOUR : 0));
    tile_t tile = {image, 0, taps, p->out_c, call->scratch, kept, call->out[0]};
    for (uint32_t i = 0; i < pixels; i += tile.n, tile.out += tile.n * p->out_c) {
        tile.n = pixels - i < PIXELS * most ? pixels - i : PIXELS * most;
        if (lies_in_patches(p)) {
            tile.x = image + i * taps;
        } else {
            load_tile(p, image, i, tile.n, patches);
            tile.x = patches;
        }
        finish_tile(&channels, &tile, weights);
    }
    mg_clamp_each(&channels, call->out[0], pixels * p->out_c);
}
