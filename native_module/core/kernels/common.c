/* SPDX-License-Identifier: MIT */
#include "kernels.h"

bool mg_refuse(const mg_check_t *check, const char *message, uint32_t found, uint32_t wanted) {
    check->error->status = MG_CORRUPT;
    check->error->message = message;
    check->error->found = found;
    check->error->wanted = wanted;
    return false;
}

bool mg_check_ends(const mg_check_t *check, uint32_t n_inputs, uint32_t in_dtype, uint32_t out_dtype) {
    if (check->n_inputs != n_inputs || check->n_outputs != 1) {
        return mg_refuse(check, "wrong number of tensors", (uint32_t)check->n_inputs + check->n_outputs, n_inputs + 1);
    }
    for (uint32_t i = 0; i <= n_inputs; i++) {
        uint32_t wanted = i < n_inputs ? in_dtype : out_dtype;
        if (check->tensors[i].dtype != wanted) {
            return mg_refuse(check, "a tensor of the wrong dtype", check->tensors[i].dtype, wanted);
        }
    }
    return true;
}

bool mg_check_tensors(const mg_check_t *check, uint32_t n_inputs, uint32_t n_outputs, const uint8_t *dtypes) {
    if (check->n_inputs != n_inputs || check->n_outputs != n_outputs) {
        return mg_refuse(check, "wrong number of tensors", (uint32_t)check->n_inputs + check->n_outputs,
                         n_inputs + n_outputs);
    }
    for (uint32_t i = 0; i < n_inputs + n_outputs; i++) {
        if (check->tensors[i].dtype != dtypes[i]) {
            return mg_refuse(check, "a tensor of the wrong dtype", check->tensors[i].dtype, dtypes[i]);
        }
        if (check->tensors[i].place == MG_PLACE_DATA) { /* which may lie unaligned */
            return mg_refuse(check, "a constant as the input of an op that takes none: input", i, n_inputs);
        }
    }
    return true;
}

bool mg_check_elements(const mg_check_t *check, uint32_t i, uint64_t elements) {
    const mg_tensor_t *t = &check->tensors[i];
    uint32_t held = t->size / mg_dtype_size(t->dtype);
    return elements == held
           || mg_refuse(check, "parameters do not match a tensor's shape: elements",
                        elements > UINT32_MAX ? UINT32_MAX : (uint32_t)elements, held);
}

bool mg_check_data(const mg_check_t *check, uint32_t offset, uint64_t size) {
    return offset + size <= check->data_size
           || mg_refuse(check, "a constant ends behind the data: offset", offset, check->data_size);
}

bool mg_check_scratch(const mg_check_t *check, uint64_t size) {
    return size <= check->scratch_size
           || mg_refuse(check, "too little scratch: bytes", check->scratch_size,
                        size > UINT32_MAX ? UINT32_MAX : (uint32_t)size);
}

bool mg_check_multiplier(const mg_check_t *check, int32_t multiplier, int32_t shift) {
    return (multiplier >= 0 && shift >= -31 && shift <= 30)
           || mg_refuse(check, "a multiplier or shift out of range: multiplier", (uint32_t)multiplier, 0);
}

bool mg_check_channels(const mg_check_t *check, uint32_t offset, uint32_t n) {
    if (!mg_check_data(check, offset, 9ull * n)) {
        return false;
    }
    const uint8_t *table = check->data + offset;
    for (uint32_t c = 0; c < n; c++) {
        if (!mg_check_multiplier(check, mg_load_i32(table + 4 * (n + c)), (int8_t)table[8 * n + c])) {
            return false;
        }
    }
    return true;
}

bool mg_check_window(const mg_check_t *check, uint32_t in, uint32_t out, uint32_t kernel, uint32_t stride,
                     uint32_t dilation, uint32_t pad) {
    uint64_t reach = (uint64_t)(kernel - 1) * dilation; /* of the last tap */
    uint64_t last = (uint64_t)(out - 1) * stride;       /* where the last window starts, plus pad */
    if (in == 0 || out == 0 || kernel == 0 || stride == 0 || dilation == 0) {
        return mg_refuse(check, "a zero in a window's shape: kernel", kernel, 1);
    }
    if (reach > UINT16_MAX || pad > reach || last >= (uint64_t)in + pad) {
        return mg_refuse(check, "a window lies outside its input: positions", out, in);
    }
    return true;
}

/* The table of channels, where it is one of channels.h: layout 3 has tables of its own. */
static bool check_table(const mg_check_t *check) {
    const mg_conv_params_t *p = &check->params.conv;
    switch (p->layout) {
        case MG_LAYOUT_CANONICAL:
        case MG_LAYOUT_NIBBLES: return mg_check_channels(check, p->channels_at, p->out_c);
        case MG_LAYOUT_ROWS: return true;
        default: return mg_check_data(check, p->channels_at, 16ull * p->out_c);
    }
}

bool mg_check_conv(const mg_check_t *check, uint64_t weights, uint64_t scratch) {
    const mg_conv_params_t *p = &check->params.conv;
    if (!mg_check_ends(check, 1, MG_INT8, MG_INT8)
        || !mg_check_window(check, p->in_h, p->out_h, p->kernel_h, p->stride_h, p->dilation_h, p->pad_top)
        || !mg_check_window(check, p->in_w, p->out_w, p->kernel_w, p->stride_w, p->dilation_w, p->pad_left)
        || !mg_check_elements(check, 0, (uint64_t)p->batches * p->in_h * p->in_w * p->in_c)
        || !mg_check_elements(check, 1, (uint64_t)p->batches * p->out_h * p->out_w * p->out_c)
        || !mg_check_data(check, p->weights_at, weights)
        || !check_table(check)) {
        return false;
    }
    if ((uint64_t)p->kernel_h * p->kernel_w * p->in_c > 0x1ffff) { /* more could overflow the accumulator */
        return mg_refuse(check, "a kernel of too many taps", UINT32_MAX, 0x1ffff);
    }
    return mg_check_scratch(check, scratch);
}

/* Rows of a patch are mostly a few bytes long: too short for the call of memcpy. */
static inline int8_t *copy_row(int8_t *to, const int8_t *from, uint32_t n) {
    if (n >= 64) {
        memcpy(to, from, n);
        return to + n;
    }
    for (; n >= 4; n -= 4, to += 4, from += 4) { /* compilers make words of these where the core allows it */
        mg_store_u32((uint8_t *)to, mg_load_u32((const uint8_t *)from));
    }
    while (n-- != 0) {
        *to++ = *from++;
    }
    return to;
}

void mg_gather_patch(const mg_conv_params_t *p, const int8_t *image, int32_t y, int32_t x, int8_t *patch) {
    uint32_t tap = p->in_c, row = p->kernel_w * tap, line = p->in_w * tap;
    int32_t x0 = x * p->stride_w - p->pad_left;
    bool whole_rows = p->dilation_w == 1 && x0 >= 0 && x0 + p->kernel_w <= p->in_w;
    int32_t iy = y * p->stride_h - p->pad_top;
    for (uint32_t ky = 0; ky < p->kernel_h; ky++, iy += p->dilation_h) {
        if (iy < 0 || iy >= p->in_h) {
            memset(patch, p->in_zero_point, row);
            patch += row;
        } else if (whole_rows) {
            patch = copy_row(patch, image + (uint32_t)iy * line + (uint32_t)x0 * tap, row);
        } else {
            int32_t ix = x0;
            for (uint32_t kx = 0; kx < p->kernel_w; kx++, ix += p->dilation_w) {
                if (ix < 0 || ix >= p->in_w) {
                    memset(patch, p->in_zero_point, tap);
                    patch += tap;
                } else {
                    patch = copy_row(patch, image + (uint32_t)iy * line + (uint32_t)ix * tap, tap);
                }
            }
        }
    }
}

bool mg_check_pool(const mg_check_t *check) {
    const mg_pool_params_t *p = &check->params.pool;
    return mg_check_ends(check, 1, MG_INT8, MG_INT8)
           && mg_check_window(check, p->in_h, p->out_h, p->kernel_h, p->stride_h, 1, p->pad_top)
           && mg_check_window(check, p->in_w, p->out_w, p->kernel_w, p->stride_w, 1, p->pad_left)
           && mg_check_elements(check, 0, (uint64_t)p->batches * p->in_h * p->in_w * p->channels)
           && mg_check_elements(check, 1, (uint64_t)p->batches * p->out_h * p->out_w * p->channels);
}
