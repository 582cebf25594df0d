/* SPDX-License-Identifier: MIT
 *
 * CONV_2D and DEPTHWISE_CONV_2D, int8: the kernel for the layout that a node's weights are stored in (ops.def).
 */
#include "../kernels.h"

/* Has the layout's kernel check the node. */
static bool check_in_layout(const mg_check_t *check, uint32_t op) {
    const uint32_t number = check->params.conv.layout;
    const mg_layout_t *layout = mg_layout_find(op, number);
    if (layout == NULL) {
        return mg_refuse_model(check, "weights in a layout that this build lacks, convert the model again for this core: "
                               "layout", number, 0);
    }
    return layout->check(check);
}

bool mg_conv2d_check(const mg_check_t *check) {
    if (MG_DENSE_ONLY && !mg_is_dense(&check->params.conv)) {
        return mg_refuse_op(check->error, MG_OP_CONV_2D, "CONV_2D but for dense layers");
    }
    return check_in_layout(check, MG_OP_CONV_2D);
}

void mg_conv2d_run(const mg_call_t *call) {
    mg_layout_find(MG_OP_CONV_2D, call->params.conv.layout)->run(call);
}

bool mg_depthwise_check(const mg_check_t *check) {
    const mg_conv_params_t *p = &check->params.conv;
    if (p->in_c == 0 || p->out_c % p->in_c != 0) {
        return mg_refuse(check, "output channels are no multiple of the input's", p->out_c, p->in_c);
    }
    return check_in_layout(check, MG_OP_DEPTHWISE_CONV_2D);
}

void mg_depthwise_run(const mg_call_t *call) {
    mg_layout_find(MG_OP_DEPTHWISE_CONV_2D, call->params.conv.layout)->run(call);
}
