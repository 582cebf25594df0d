// SPDX-License-Identifier: MIT
// The core of the boards, as WebAssembly: a model answers in this browser, to the same bits.

/** Texts that are in memory one after the other, each with a NUL behind it: count of them, or up to an empty one. */
function textsAt(memory, at, count = Infinity) {
    const bytes = new Uint8Array(memory.buffer);
    const found = [];
    while (found.length < count) {
        const end = bytes.indexOf(0, at);
        if (end === at && count === Infinity) break;
        found.push(new TextDecoder().decode(bytes.subarray(at, end)));
        at = end + 1;
    }
    return found;
}

export class Model {
    /** Load a .midge file. Throws an Error that says what is wrong with it. */
    static async load(file) {
        const { instance } = await WebAssembly.instantiateStreaming(fetch("/static/page/midge.wasm"));
        return new Model(instance.exports, new Uint8Array(file));
    }

    constructor(core, file) {
        this.core = core;
        core._initialize();
        const at = core.file_room(file.length);
        if (!at) throw new Error("this browser has no room for the model");
        new Uint8Array(core.memory.buffer).set(file, at);
        const wrong = core.load(at, file.length);
        if (wrong) throw new Error(textsAt(core.memory, wrong, 1)[0]);
        this.labels = textsAt(core.memory, core.labels(), core.label_count());
        this.known = {};
        const texts = textsAt(core.memory, core.metadata());
        for (let i = 0; i + 1 < texts.length; i += 2) this.known[texts[i]] = texts[i + 1];
    }

    /** How many values the input has. */
    get values() {
        return this.core.input_values();
    }

    /** Slide the window on by real values, in the units that the model was trained on. */
    push(values) {
        new Float32Array(this.core.memory.buffer, this.core.input_room(false), values.length).set(values);
        this.core.push(values.length);
    }

    /** Put bytes in place of the window: samples of sound, or a picture. */
    put(bytes) {
        new Uint8Array(this.core.memory.buffer, this.core.input_room(true), bytes.length).set(bytes);
    }

    /** Run on what is in the window, and return the scores. */
    run() {
        this.core.run();
        return Float32Array.from({ length: this.core.scores() }, (none, i) => this.core.score(i));
    }

    reset() {
        this.core.reset();
    }
}

const AXES = ["ax", "ay", "az", "gx", "gy", "gz"]; // what a phone measures
const HOPS_A_SECOND = 10;

/** Answers to movements: rows of six axes at rate_hz, of which a model takes those that it knows. */
export class Feeler {
    constructor(model, told) {
        this.model = model;
        this.told = told;
        const { known } = model;
        const names = (known["sensor.columns"] || "ax,ay,az").split(",");
        this.axes = names.map((name) => AXES.indexOf(name));
        if (this.axes.includes(-1)) throw new Error(`the model was trained on ${names}; a phone measures ${AXES}`);
        this.rate_hz = Number(known["sensor.rate_hz"] || 50);
        this.hop = Number(known["stream.hop"] || Math.round(this.rate_hz / HOPS_A_SECOND));
        this.fresh = this.held = 0;
    }

    take(rows) {
        const { model, axes } = this;
        for (let at = 0; at < rows.length; at += AXES.length) {
            model.push(axes.map((axis) => rows[at + axis]));
            this.held += axes.length;
            if (this.held < model.values || ++this.fresh < this.hop) continue;
            this.fresh = 0;
            this.told(model.run());
        }
    }
}

/** Answers to sound: int16 samples at 16 kHz. Told scores are means of as many as the model says. */
export class Hearer {
    constructor(model, told) {
        this.model = model;
        this.told = told;
        if (!("stream.hop" in model.known)) throw new Error("the model takes no sound");
        this.rest = new Int16Array(0);
        this.mean = Math.max(...(model.known["stream.mean"] || "1").split(",").map(Number));
        this.latest = [];
        model.reset();
    }

    take(block) {
        const all = new Int16Array(this.rest.length + block.length);
        all.set(this.rest);
        all.set(block, this.rest.length);
        const hop = this.model.values;
        let at = 0;
        for (; at + hop <= all.length; at += hop) {
            this.model.put(new Uint8Array(all.buffer, 2 * at, 2 * hop));
            this.latest = [...this.latest, this.model.run()].slice(-this.mean);
        }
        this.rest = all.slice(at);
        if (this.latest.length) this.told(this.latest[0].map((none, i) => this.average(i)));
    }

    average(i) {
        return this.latest.reduce((sum, scores) => sum + scores[i], 0) / this.latest.length;
    }
}

/** The label that reaches its threshold with the highest score, "" for none. */
export function answerOf({ labels, known }, scores) {
    const thresholds = (known["stream.threshold"] || "0.5").split(",").map(Number);
    const best = scores.indexOf(Math.max(...scores));
    return scores[best] >= thresholds[Math.min(best, thresholds.length - 1)] ? labels[best] : "";
}
