// SPDX-License-Identifier: MIT
// In the browser's audio thread: what the microphone gives, as 16-bit samples at 16 kHz, a tenth of a second at a time.

const RATE = 16000,
    BLOCK = 1600,
    ZEROS = 12; // crossings of the filter on each side

/** Windowed sinc (Blackman), one set of taps for each place of an output sample between two input samples. */
class Resampler {
    constructor(from) {
        let a = from,
            b = RATE;
        while (b) [a, b] = [b, a % b];
        this.up = RATE / a;
        this.down = from / a;
        const share = Math.min(1, this.up / this.down);
        this.half = Math.ceil(ZEROS / share);
        this.taps = Array.from({ length: this.up }, (none, phase) => this.filter(phase / this.up, 0.92 * share));
        this.input = new Float32Array(0);
        this.at = 0; // of the next output sample: input sample this.at / this.up
    }

    filter(offset, share) {
        const taps = new Float32Array(2 * this.half);
        let sum = 0;
        for (let k = 0; k < taps.length; k++) {
            const t = k - this.half + 1 - offset;
            const x = Math.PI * share * t,
                w = Math.PI * (t / this.half);
            const window = Math.abs(t) < this.half ? 0.42 + 0.5 * Math.cos(w) + 0.08 * Math.cos(2 * w) : 0;
            taps[k] = (x ? Math.sin(x) / x : 1) * window;
            sum += taps[k];
        }
        return taps.map((tap) => tap / sum);
    }

    feed(block) {
        const input = new Float32Array(this.input.length + block.length);
        input.set(this.input);
        input.set(block, this.input.length);
        const output = [];
        for (;;) {
            const first = Math.floor(this.at / this.up);
            if (first + 2 * this.half > input.length) break;
            const taps = this.taps[this.at % this.up];
            let sum = 0;
            for (let k = 0; k < taps.length; k++) sum += taps[k] * input[first + k];
            output.push(sum);
            this.at += this.down;
        }
        const used = Math.min(Math.floor(this.at / this.up), input.length);
        this.input = input.subarray(used);
        this.at -= used * this.up;
        return output;
    }
}

class Ear extends AudioWorkletProcessor {
    constructor() {
        super();
        this.resampler = new Resampler(sampleRate);
        this.block = new Int16Array(BLOCK);
        this.filled = 0;
    }

    process([channels]) {
        if (!channels.length) return true;
        const mixed = channels[0].map((value, i) => channels.reduce((sum, one) => sum + one[i], 0) / channels.length);
        for (const value of this.resampler.feed(mixed)) {
            this.block[this.filled++] = Math.max(-32768, Math.min(32767, Math.round(32768 * value)));
            if (this.filled === BLOCK) {
                this.port.postMessage(this.block.slice());
                this.filled = 0;
            }
        }
        return true;
    }
}

registerProcessor("ear", Ear);
