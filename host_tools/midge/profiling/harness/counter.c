/* SPDX-License-Identifier: MIT
 *
 * A plugin for QEMU that counts what the guest executes between calls of one function, by class of
 * instruction. Debian's QEMU exports the plugin API but installs no header, so what is used of it is
 * declared here (QEMU, docs/devel/tcg-plugins.rst, API version 1).
 *
 *     -plugin counter.so,mark=<address of the function>,isa=thumb|riscv|xtensa,out=<file>[,from=<address>,to=<address>]
 *
 * Each call of the function at `mark` writes a line of all counts since the one before. What lies in [from, to) does
 * what QEMU's core lacks, and is not counted.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef void (*exec_fn)(unsigned int cpu, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, void (*fn)(uint64_t id, struct qemu_plugin_tb *tb));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, exec_fn fn, int flags, void *data);
void qemu_plugin_register_atexit_cb(uint64_t id, void (*fn)(uint64_t id, void *data), void *data);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

/* In the order of COUNTS in __init__.py. Loads and stores count the words that they move; a load that
 * follows a load or store at once is counted as paired as well. */
enum { INSTRUCTIONS, LOADS, PAIRED_LOADS, STORES, LONG_MULTIPLIES, DIVISIONS, VECTORS, TAKEN, CLASSES };

typedef struct {
    uint64_t start, end; /* end: the address after the last instruction */
    uint32_t counts[CLASSES];
} block_t;

static uint64_t totals[CLASSES], last_end, mark, uncounted_from, uncounted_to;
static enum { THUMB, RISCV, XTENSA } isa;
static FILE *out;

typedef struct {
    uint32_t size;
    uint32_t loads, stores;
    int other; /* a class, or INSTRUCTIONS for none of them */
} insn_t;

static insn_t thumb_narrow(uint32_t h) {
    insn_t insn = {2, 0, 0, INSTRUCTIONS};
    uint32_t registers = (uint32_t)__builtin_popcount(h & 0xff);
    if (h >> 12 == 5) { /* register offset: three stores, then five loads */
        *((h >> 9 & 7) >= 3 ? &insn.loads : &insn.stores) = 1;
    } else if (h >> 11 == 9) { /* literal */
        insn.loads = 1;
    } else if (h >> 13 == 3 || h >> 12 == 8 || h >> 12 == 9) { /* immediate, to words, bytes, halves, stack */
        *(h >> 11 & 1 ? &insn.loads : &insn.stores) = 1;
    } else if ((h & 0xf600) == 0xb400) { /* push, pop */
        *(h >> 11 & 1 ? &insn.loads : &insn.stores) = registers + (h >> 8 & 1);
    } else if (h >> 12 == 12) { /* multiple */
        *(h >> 11 & 1 ? &insn.loads : &insn.stores) = registers;
    }
    return insn;
}

static insn_t thumb_wide(uint32_t h, uint32_t second) {
    insn_t insn = {4, 0, 0, INSTRUCTIONS};
    uint32_t *moved = h >> 4 & 1 ? &insn.loads : &insn.stores;
    if (h >> 9 == 0x74) { /* 1110 100: multiple, dual, table branch */
        if ((h >> 6 & 1) == 0) {
            *moved = (uint32_t)__builtin_popcount(second);
        } else if ((h & 0xfff0) == 0xe8d0 && (second & 0xffe0) == 0xf000) {
            insn.loads = 1;
        } else {
            *moved = 2;
        }
    } else if (h >> 9 == 0x7c) { /* 1111 100: single */
        *moved = 1;
    } else if (h >> 7 == 0x1f7) { /* 1111 1011 1: long multiplies and divisions */
        insn.other = (h >> 4 & 5) == 1 && (second & 0xf0) == 0xf0 ? DIVISIONS : LONG_MULTIPLIES;
    } else if ((h & 0xec00) == 0xec00) { /* floating point and vectors */
        insn.other = VECTORS;
        if (h >> 9 == 0x76 || h >> 9 == 0x7e) {
            *moved = 1;
        }
    }
    return insn;
}

static insn_t riscv_insn(const uint8_t *bytes) {
    uint32_t h = bytes[0] | (uint32_t)bytes[1] << 8;
    if ((h & 3) != 3) {
        insn_t insn = {2, 0, 0, INSTRUCTIONS};
        bool moves = (h & 1) == 0 && (h >> 13 & 3) == 2; /* c.lw, c.sw, c.lwsp, c.swsp */
        insn.loads = moves && h >> 15 == 0;
        insn.stores = moves && h >> 15 == 1;
        return insn;
    }
    uint32_t word = h | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
    insn_t insn = {4, (word & 0x7f) == 0x03, (word & 0x7f) == 0x23, INSTRUCTIONS};
    if ((word & 0xfe00007f) == 0x02000033) {
        insn.other = word >> 14 & 1 ? DIVISIONS : (word >> 12 & 3) != 0 ? LONG_MULTIPLIES : INSTRUCTIONS;
    }
    return insn;
}

/* Loads of MAC16 are for a later instruction, made so by hand: they count as paired. */
static bool xtensa_loads_ahead(const uint8_t *bytes) {
    return (bytes[0] & 15) == 4 && (bytes[2] >> 4 & 2) == 0 && bytes[2] >> 4 < 10;
}

static insn_t xtensa_insn(const uint8_t *bytes) {
    uint32_t op0 = bytes[0] & 15, r = bytes[1] >> 4, op1 = bytes[2] & 15, op2 = bytes[2] >> 4;
    if (op0 >= 8 && op0 < 14) { /* narrow */
        return (insn_t){2, op0 == 8, op0 == 9, INSTRUCTIONS};
    }
    insn_t insn = {3, 0, 0, INSTRUCTIONS};
    if (op0 == 0 && op1 == 2 && op2 >= 8) { /* MULL; MULUH, MULSH; divisions */
        insn.other = op2 >= 12 ? DIVISIONS : op2 >= 10 ? LONG_MULTIPLIES : INSTRUCTIONS;
    } else if (op0 == 0 && (op1 == 8 || op1 == 9)) { /* floats with an index; windows */
        *((op2 & 4) == 0 ? &insn.loads : &insn.stores) = 1;
    } else if (op0 == 0 && (op1 == 10 || op1 == 11)) { /* floating point */
        insn.other = VECTORS;
    } else if (op0 == 1) { /* literal */
        insn.loads = 1;
    } else if (op0 == 2 && (r & 3) != 3 && (r & 12) != 12 && r != 10) { /* bytes, halves, words */
        *((r & 4) == 0 ? &insn.loads : &insn.stores) = 1;
    } else if (op0 == 3) { /* floats */
        *((r & 4) == 0 ? &insn.loads : &insn.stores) = 1;
    } else if (xtensa_loads_ahead(bytes)) {
        insn.loads = 1;
    }
    return insn;
}

static insn_t decode(const uint8_t *bytes) {
    if (isa != THUMB) {
        return isa == RISCV ? riscv_insn(bytes) : xtensa_insn(bytes);
    }
    /* QEMU 7.2 may give a wrong size for an instruction in front of a page; the bits are right. */
    uint32_t h = bytes[0] | (uint32_t)bytes[1] << 8;
    return h >> 11 >= 0x1d ? thumb_wide(h, bytes[2] | (uint32_t)bytes[3] << 8) : thumb_narrow(h);
}

static void on_exec(unsigned int cpu, void *data) {
    const block_t *block = data;
    (void)cpu;
    if (block->start >= uncounted_from && block->start < uncounted_to) {
        return;
    }
    if (block->start == mark) {
        for (int i = 0; i < CLASSES; i++) {
            fprintf(out, i == 0 ? "%llu" : " %llu", (unsigned long long)totals[i]);
            totals[i] = 0;
        }
        fputc('\n', out);
    }
    for (int i = 0; i < CLASSES; i++) {
        totals[i] += block->counts[i];
    }
    totals[TAKEN] += block->start != last_end;
    last_end = block->end;
}

/* Blocks are kept for good: QEMU may run a translation as long as it lives. */
static void on_translate(uint64_t id, struct qemu_plugin_tb *tb) {
    size_t n = qemu_plugin_tb_n_insns(tb);
    block_t *block = calloc(1, sizeof *block);
    bool after_memory = false;
    (void)id;
    if (block == NULL || n == 0) {
        return;
    }
    block->start = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, 0));
    for (size_t i = 0; i < n; i++) {
        const struct qemu_plugin_insn *at = qemu_plugin_tb_get_insn(tb, i);
        const uint8_t *bytes = qemu_plugin_insn_data(at);
        insn_t insn = decode(bytes);
        after_memory |= isa == XTENSA && xtensa_loads_ahead(bytes);
        block->counts[INSTRUCTIONS]++;
        block->counts[LOADS] += insn.loads;
        block->counts[STORES] += insn.stores;
        block->counts[PAIRED_LOADS] += insn.loads != 0 && after_memory;
        if (insn.other != INSTRUCTIONS) {
            block->counts[insn.other]++;
        }
        after_memory = insn.loads + insn.stores != 0;
        block->end = qemu_plugin_insn_vaddr(at) + insn.size;
    }
    qemu_plugin_register_vcpu_tb_exec_cb(tb, on_exec, 0, block);
}

static void on_end(uint64_t id, void *data) {
    (void)id;
    (void)data;
    fclose(out);
}

__attribute__((visibility("default"))) int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv) {
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "mark=", 5) == 0) {
            mark = strtoull(argv[i] + 5, NULL, 0);
        } else if (strncmp(argv[i], "out=", 4) == 0) {
            out = fopen(argv[i] + 4, "w");
        } else if (strncmp(argv[i], "from=", 5) == 0) {
            uncounted_from = strtoull(argv[i] + 5, NULL, 0);
        } else if (strncmp(argv[i], "to=", 3) == 0) {
            uncounted_to = strtoull(argv[i] + 3, NULL, 0);
        } else if (strncmp(argv[i], "isa=", 4) == 0) {
            isa = strcmp(argv[i], "isa=riscv") == 0 ? RISCV : strcmp(argv[i], "isa=xtensa") == 0 ? XTENSA : THUMB;
        }
    }
    if (out == NULL || mark == 0) {
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
    qemu_plugin_register_atexit_cb(id, on_end, NULL);
    return 0;
}
