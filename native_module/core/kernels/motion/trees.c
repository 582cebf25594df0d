/* SPDX-License-Identifier: MIT
 *
 * TREES: a forest of decision trees, int16 [features] to int32 [outputs].
 *
 *     y = start + the sum over all trees of what the leaf says that x falls into
 *
 * A leaf is a number of 16 bits. By `leaves` it adds 1 to the output that it names (VOTES), a row of the table `rows`,
 * uint16 [rows][outputs], to all outputs (ROWS), or itself, with its sign, to the output of its tree, which is the
 * tree's index modulo the outputs (VALUES). Sums wrap.
 *
 * A tree is stored as halfwords: their count, then its nodes, each before what is below it. A node is
 *
 *     int16 threshold;  uint16 feature, with 0x4000 where its left child is a leaf and 0x8000 where its right one is
 *     neither a leaf:   how many halfwords from this node to the right child; the left child's node; the right one's
 *     one is a leaf:    the leaf; the other child's node
 *     both are leaves:  the left one, the right one
 *
 * and x goes to the left where x[feature] <= threshold. A tree that is one leaf has one halfword, the leaf. So a tree of
 * k leaves takes 6 to 7 bytes a split, 3 to 4 a node.
 *
 * Why a walk ends: the check reads each tree once from front to back and knows where every node starts. It lets a node
 * name as its right child only the start of a later node; the left child is the next node. Four halfwords have to be
 * there for each, so the last node, which ends with the tree, has two leaves. Each step leads to a node further on in
 * the same tree.
 */
#include "../kernels.h"

#define LEFT_LEAF 0x4000u
#define RIGHT_LEAF 0x8000u
#define MOST_OPEN 64 /* nodes above one another whose right children are yet to come */
#define MOST_TREES 32767

enum { VOTES, ROWS, VALUES };

static bool check_leaf(const mg_check_t *check, uint32_t leaf) {
    const mg_trees_params_t *p = &check->params.trees;
    uint32_t most = p->leaves == VOTES ? p->outputs : p->leaves == ROWS ? p->rows : UINT16_MAX + 1u;
    return leaf < most || MG_REFUSE(check, "a leaf of a tree that does not exist", leaf, most);
}

/* The nodes of one tree, `end` halfwords long. */
static bool check_nodes(const mg_check_t *check, const uint8_t *tree, uint32_t end) {
    uint32_t at = 0, open = 0, right[MOST_OPEN];
    while (at < end) {
        while (open != 0 && right[open - 1] == at) {
            open--;
        }
        if ((open != 0 && right[open - 1] < at) || end - at < 4) {
            return MG_REFUSE(check, "a tree's child that is no node: halfword", at, end);
        }
        uint32_t header = mg_load_u16(tree + 2 * at + 2), third = mg_load_u16(tree + 2 * at + 4);
        if ((header & ~(LEFT_LEAF | RIGHT_LEAF)) >= check->params.trees.features) {
            return MG_REFUSE(check, "a tree that asks for a feature beyond the last", header, end);
        }
        if ((header & (LEFT_LEAF | RIGHT_LEAF)) == 0) {
            if (open == MOST_OPEN || third < 3 || third >= end - at) {
                return MG_REFUSE(check, "a tree's child that is no node: halfword", at, end);
            }
            right[open++] = at + third;
        } else if (!check_leaf(check, third)) {
            return false;
        }
        at += 3;
        if ((header & LEFT_LEAF) != 0 && (header & RIGHT_LEAF) != 0) {
            if (!check_leaf(check, mg_load_u16(tree + 2 * at))) {
                return false;
            }
            at++;
        }
    }
    return open == 0 || MG_REFUSE(check, "a tree without an end", at, end);
}

bool mg_trees_check(const mg_check_t *check) {
    const mg_trees_params_t *p = &check->params.trees;
    static const uint8_t DTYPES[] = {MG_INT16, MG_INT32};
    if (p->leaves > VALUES || p->outputs == 0 || p->trees > MOST_TREES) {
        return MG_REFUSE(check, "an impossible forest: trees", p->trees, MOST_TREES);
    }
    if (!mg_check_tensors(check, 1, 1, DTYPES) || !mg_check_elements(check, 0, p->features)
        || !mg_check_elements(check, 1, p->outputs) || !mg_check_data(check, p->start_at, 4u * p->outputs)
        || !mg_check_data(check, p->rows_at, mg_times4(2, p->rows, p->outputs, 1))
        || !mg_check_data(check, p->trees_at, mg_times(2, p->halfwords))) {
        return false;
    }
    const uint8_t *tree = check->data + p->trees_at;
    uint32_t left = p->halfwords;
    for (uint32_t i = 0; i < p->trees; i++) {
        uint32_t length = left == 0 ? 0 : mg_load_u16(tree);
        if (length == 0 || length >= left) {
            return MG_REFUSE(check, "a tree that is cut off: tree", i, p->trees);
        }
        if (!(length == 1 ? check_leaf(check, mg_load_u16(tree + 2)) : check_nodes(check, tree + 2, length))) {
            return false;
        }
        tree += 2 * (length + 1);
        left -= length + 1;
    }
    return true;
}

/* The leaf that x falls into. */
static uint32_t leaf_of(const int16_t *x, const uint8_t *node) {
    while (true) {
        uint32_t header = mg_load_u16(node + 2);
        if (x[header & ~(LEFT_LEAF | RIGHT_LEAF)] <= mg_load_i16(node)) {
            if ((header & LEFT_LEAF) != 0) {
                return mg_load_u16(node + 4);
            }
            node += 6;
        } else if ((header & RIGHT_LEAF) != 0) {
            return mg_load_u16((header & LEFT_LEAF) != 0 ? node + 6 : node + 4);
        } else {
            node += (header & LEFT_LEAF) != 0 ? 6 : 2 * mg_load_u16(node + 4);
        }
    }
}

static void add_leaf(const mg_call_t *call, uint32_t tree, uint32_t leaf) {
    const mg_trees_params_t *p = &call->params.trees;
    int32_t *y = call->out[0];
    if (p->leaves == VOTES) {
        y[leaf] = mg_wrap_add(y[leaf], 1);
    } else if (p->leaves == VALUES) {
        y[tree % p->outputs] = mg_wrap_add(y[tree % p->outputs], (int16_t)leaf);
    } else {
        const uint8_t *row = call->data + p->rows_at + leaf * (2u * p->outputs);
        for (uint32_t i = p->outputs; i != 0; i--, row += 2, y++) {
            *y = mg_wrap_add(*y, mg_load_u16(row));
        }
    }
}

void mg_trees_run(const mg_call_t *call) {
    const mg_trees_params_t *p = &call->params.trees;
    const uint8_t *tree = call->data + p->trees_at;
    memcpy(call->out[0], call->data + p->start_at, 4u * p->outputs);
    for (uint32_t i = 0; i < p->trees; i++) {
        uint32_t length = mg_load_u16(tree);
        add_leaf(call, i, length == 1 ? mg_load_u16(tree + 2) : leaf_of(call->in[0], tree + 2));
        tree += 2 * (length + 1);
    }
}
