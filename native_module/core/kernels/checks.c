/* SPDX-License-Identifier: MIT */
#include "kernels.h"

#include "../error.h"

bool mg_refuse_model(const mg_check_t *check, const char *message, uint32_t found, uint32_t wanted) {
    return mg_fail_with(check->error, MG_CORRUPT, message, found, wanted);
}

bool mg_refuse_damage(const mg_check_t *check) {
    return mg_refuse_model(check, "impossible parameters, convert the model again", 0, 0);
}

bool mg_refuse_layout(const mg_check_t *check) {
    return mg_refuse_model(check, "weights for another core, convert again for this one: layout",
                           check->params.conv.layout, 0);
}

bool mg_check_signature(const mg_check_t *check, uint32_t n_inputs, uint32_t in_dtype, uint32_t out_dtype) {
    if (check->n_inputs != n_inputs || check->n_outputs != 1) {
        return MG_REFUSE(check, "wrong number of tensors", (uint32_t)check->n_inputs + check->n_outputs, n_inputs + 1);
    }
    for (uint32_t i = 0; i <= n_inputs; i++) {
        uint32_t wanted = i < n_inputs ? in_dtype : out_dtype;
        if (check->tensors[i].dtype != wanted) {
            return MG_REFUSE(check, "a tensor of the wrong dtype", check->tensors[i].dtype, wanted);
        }
    }
    return true;
}

bool mg_check_tensors(const mg_check_t *check, uint32_t n_inputs, uint32_t n_outputs, const uint8_t *dtypes) {
    if (check->n_inputs != n_inputs || check->n_outputs != n_outputs) {
        return MG_REFUSE(check, "wrong number of tensors", (uint32_t)check->n_inputs + check->n_outputs,
                         n_inputs + n_outputs);
    }
    for (uint32_t i = 0; i < n_inputs + n_outputs; i++) {
        if (check->tensors[i].dtype != dtypes[i]) {
            return MG_REFUSE(check, "a tensor of the wrong dtype", check->tensors[i].dtype, dtypes[i]);
        }
        if (check->tensors[i].place == MG_PLACE_DATA) { /* which may be unaligned */
            return MG_REFUSE(check, "a constant as the input of an op that takes none: input", i, n_inputs);
        }
    }
    return true;
}

bool mg_check_elements(const mg_check_t *check, uint32_t i, uint32_t elements) {
    const mg_tensor_t *t = &check->tensors[i];
    uint32_t held = t->size / mg_dtype_size(t->dtype);
    return elements == held || MG_REFUSE(check, "parameters do not match a tensor's shape: elements", elements, held);
}

bool mg_check_walk(const mg_check_t *check, uint32_t i, const uint32_t *dims, const uint32_t *strides, uint32_t rank,
                   uint32_t limit) {
    const mg_tensor_t *t = &check->tensors[i];
    uint32_t elements = 1, last = 0, held = t->size / mg_dtype_size(t->dtype);
    for (uint32_t d = 0; d < rank; d++) {
        elements = mg_times(elements, dims[d]);
        if (dims[d] == 0 || (dims[d] == 1 && strides[d] != 0) || elements > limit) {
            return MG_REFUSE(check, "an impossible dimension: dimension", d, rank);
        }
        last = mg_plus(last, mg_times(dims[d] - 1, strides[d]));
        if (last >= held) {
            return MG_REFUSE(check, "a tensor is read outside its bounds: input", i, UINT32_MAX);
        }
    }
    return true;
}

bool mg_check_operand(const mg_check_t *check, uint32_t i, const uint32_t *dims, const uint32_t *strides) {
    uint32_t out = check->n_inputs;
    return mg_check_walk(check, i, dims, strides, 5, check->tensors[out].size)
           && mg_check_elements(check, out, mg_times(mg_times4(dims[0], dims[1], dims[2], dims[3]), dims[4]));
}

bool mg_check_reduction(const mg_check_t *check) {
    const mg_reduce_params_t *p = &check->params.reduce;
    uint32_t dims[6], strides[6];
    memcpy(dims, p->keep_dims, sizeof p->keep_dims);
    memcpy(dims + 3, p->reduce_dims, sizeof p->reduce_dims);
    memcpy(strides, p->keep_stride, sizeof p->keep_stride);
    memcpy(strides + 3, p->reduce_stride, sizeof p->reduce_stride);
    uint32_t kept = mg_times4(dims[0], dims[1], dims[2], 1);
    return mg_check_walk(check, 0, dims, strides, 6, check->tensors[0].size) && mg_check_elements(check, 1, kept)
           && mg_check_elements(check, 0, mg_times4(kept, dims[3], dims[4], dims[5]));
}

bool mg_check_product(const mg_check_t *check) {
    const mg_matmul_params_t *p = &check->params.matmul;
    const uint32_t dims[] = {p->batches[0], p->batches[1], p->batches[2], p->rows, p->columns, p->depth};
    const uint32_t a[] = {p->a_batch[0], p->a_batch[1], p->a_batch[2], p->a_row, 0, p->a_step};
    const uint32_t b[] = {p->b_batch[0], p->b_batch[1], p->b_batch[2], 0, p->b_column, p->b_step};
    const mg_tensor_t *t = check->tensors;
    uint32_t n = check->n_inputs, element = mg_dtype_size(t[0].dtype), out = 1, a_last = 0, b_last = 0;
    uint32_t a_held = t[0].size / element, b_held = t[1].size / element;
    for (uint32_t d = 0; d < 6; d++) {
        if (dims[d] == 0) {
            return MG_REFUSE(check, "a product of nothing", 0, 1);
        }
        out = mg_times(out, d < 5 ? dims[d] : 1);
        a_last = mg_plus(a_last, mg_times(dims[d] - 1, a[d]));
        b_last = mg_plus(b_last, mg_times(dims[d] - 1, b[d]));
        /* Strides are taken once more than that, after the last element; those of a single one are of no account. */
        if (out > t[n].size || a_last >= a_held || b_last >= b_held || a[d] > a_held || b[d] > b_held) {
            return MG_REFUSE(check, "an operand is read outside its tensor: dimension", d, 6);
        }
    }
    return mg_check_elements(check, n, out);
}

bool mg_check_data(const mg_check_t *check, uint32_t offset, uint32_t size) {
    return mg_plus(offset, size) <= check->data_size
           || MG_REFUSE(check, "a constant ends after the data: offset", offset, check->data_size);
}

#ifndef MG_TERSE
bool mg_offer_scratch(const mg_check_t *check, uint32_t step, uint32_t most) {
    if (check->asked != NULL) {
        check->asked->step = step;
        check->asked->most = most;
    }
    return true;
}
#endif

bool mg_check_scratch(const mg_check_t *check, uint32_t least) {
#ifndef MG_TERSE
    if (check->asked != NULL) {
        *check->asked = (mg_scratch_t){least, 0, least};
        return true;
    }
#endif
    return least <= check->scratch_size || MG_REFUSE(check, "too little scratch: bytes", check->scratch_size, least);
}

bool mg_check_multiplier(const mg_check_t *check, int32_t multiplier, int32_t shift) {
    return (multiplier >= 0 && shift >= -31 && shift <= 30)
           || MG_REFUSE(check, "a multiplier or shift out of range: multiplier", (uint32_t)multiplier, 0);
}

bool mg_check_channels(const mg_check_t *check, uint32_t offset, uint32_t n) {
    if (!mg_check_data(check, offset, mg_times(9, n))) {
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
    uint32_t reach = mg_times(kernel - 1, dilation); /* of the last tap */
    uint32_t last = mg_times(out - 1, stride);       /* where the last window starts, plus pad */
    if (in == 0 || out == 0 || kernel == 0 || stride == 0 || dilation == 0) {
        return MG_REFUSE(check, "a zero in a window's shape: kernel", kernel, 1);
    }
    if (reach > UINT16_MAX || pad > reach || last >= in + pad) {
        return MG_REFUSE(check, "a window is outside its input: positions", out, in);
    }
    return true;
}

/* The table of channels, where it is one of channels.h: layout MVE has tables of its own. */
static bool check_table(const mg_check_t *check) {
    const mg_conv_params_t *p = &check->params.conv;
    switch (p->layout) {
        case MG_LAYOUT_CONV_2D_PLAIN:
        case MG_LAYOUT_CONV_2D_INT4: return mg_check_channels(check, p->channels_at, p->out_c);
        case MG_LAYOUT_CONV_2D_MVE:
        case MG_LAYOUT_DEPTHWISE_CONV_2D_MVE: return true;
        default: return mg_check_data(check, p->channels_at, mg_times(16, p->out_c));
    }
}

bool mg_check_conv(const mg_check_t *check, uint32_t weights, uint32_t scratch) {
    const mg_conv_params_t *p = &check->params.conv;
    if (!mg_check_signature(check, 1, MG_INT8, MG_INT8)
        || (!MG_DENSE_ONLY /* which is checked before */
            && (!mg_check_window(check, p->in_h, p->out_h, p->kernel_h, p->stride_h, p->dilation_h, p->pad_top)
                || !mg_check_window(check, p->in_w, p->out_w, p->kernel_w, p->stride_w, p->dilation_w, p->pad_left)))
        || !mg_check_elements(check, 0, mg_times4(p->batches, p->in_h, p->in_w, p->in_c))
        || !mg_check_elements(check, 1, mg_times4(p->batches, p->out_h, p->out_w, p->out_c))
        || !mg_check_data(check, p->weights_at, weights) || !check_table(check)) {
        return false;
    }
    if (mg_taps_of(p) > 0x1ffff) { /* more could overflow the accumulator */
        return MG_REFUSE(check, "a kernel of too many taps", UINT32_MAX, 0x1ffff);
    }
    return mg_check_scratch(check, scratch);
}

bool mg_check_pool(const mg_check_t *check) {
    const mg_pool_params_t *p = &check->params.pool;
    return mg_check_signature(check, 1, MG_INT8, MG_INT8)
           && mg_check_window(check, p->in_h, p->out_h, p->kernel_h, p->stride_h, 1, p->pad_top)
           && mg_check_window(check, p->in_w, p->out_w, p->kernel_w, p->stride_w, 1, p->pad_left)
           && mg_check_elements(check, 0, mg_times4(p->batches, p->in_h, p->in_w, p->channels))
           && mg_check_elements(check, 1, mg_times4(p->batches, p->out_h, p->out_w, p->channels));
}
