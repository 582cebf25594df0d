// SPDX-License-Identifier: MIT
// Curves that move, on a canvas, and small pictures of takes, as SVG.
//
// Curves keep their samples in one array of floats. What has been drawn moves to the left as a picture, and only what is
// new is drawn beside it, so that six axes at 100 Hz take a few per cent of a core. Colours are those of Okabe and Ito,
// which colour-blind people can tell apart; the second three are dashed as well.

import { h } from "./dom.js";

const DASH = 6,
    GAP = 2; // samples of a dashed curve

export class Curves {
    /** names: of the curves; seconds: that are seen; range: [low, high], or null for what the samples have.
     * band: fill what is between the first two, and say nothing of them. */
    constructor(names, rate, seconds, range, label, band = false) {
        this.names = names;
        this.band = band;
        this.length = Math.max(Math.round(rate * seconds), 2);
        this.seconds = seconds;
        this.range = range;
        this.values = new Float32Array(this.length * names.length);
        this.count = 0;
        this.line = null; // a height that is marked
        this.canvas = h("canvas", { role: "img", "aria-label": label });
        this.readings = names.map(() => h("b", {}, "–"));
        this.element = h(
            "figure.curves",
            {},
            this.canvas,
            h(
                "figcaption",
                { hidden: band },
                names.map((name, i) =>
                    h(
                        "span.key",
                        {},
                        h(
                            "svg",
                            { viewBox: "0 0 22 8", "aria-hidden": "true" },
                            h("line", { class: `curve c${i % 6}`, x1: 1, x2: 21, y1: 4, y2: 4 }),
                        ),
                        name,
                        " ",
                        this.readings[i],
                    ),
                ),
            ),
        );
        this.low = range ? range[0] : -1;
        this.high = range ? range[1] : 1;
        this.waiting = false;
        this.read = 0;
        this.drawn = -1; // the last sample that is in the picture
        this.offset = 0; // what its samples have been moved by, in pixels
        this.watcher = new ResizeObserver(() => this.draw());
        this.watcher.observe(this.canvas);
        this.draw = this.draw.bind(this);
        window.addEventListener("themechange", this.draw);
    }

    close() {
        this.watcher.disconnect();
        window.removeEventListener("themechange", this.draw);
    }

    add(rows) {
        const width = this.names.length;
        for (const row of rows) {
            const at = (this.count % this.length) * width;
            for (let i = 0; i < width; i++) this.values[at + i] = row[i];
            this.count++;
        }
        if (!this.waiting) {
            this.waiting = true;
            requestAnimationFrame(() => {
                this.waiting = false;
                this.paint(false);
            });
        }
        const now = performance.now();
        if (now - this.read > 250 && rows.length) {
            this.read = now;
            rows[rows.length - 1].slice(0, width).forEach((value, i) => {
                this.readings[i].textContent = value.toFixed(2);
            });
        }
    }

    draw() {
        this.paint(true);
    }

    paint(afresh) {
        const { canvas, length } = this;
        const scale = Math.min(devicePixelRatio || 1, 2);
        const wide = Math.round(canvas.clientWidth * scale),
            tall = Math.round(canvas.clientHeight * scale);
        if (!wide || !tall) return;
        if (canvas.width !== wide || canvas.height !== tall) {
            canvas.width = wide;
            canvas.height = tall;
            afresh = true;
        }
        if (this.settle() || afresh || this.count - this.drawn > length / 2) this.begin(scale, wide, tall);
        const { context, left, right, top, bottom } = this;
        const pace = (right - left) / (length - 1);
        const offset = Math.round((this.count - 1) * pace) - right;
        const moved = this.drawn < 0 ? right - left : Math.min(offset - this.offset, right - left);
        if (this.drawn >= 0 && moved > 0 && moved < right - left) this.move(moved);
        // What is new begins two pixels and more within what was drawn, so that nothing is seen of where it was joined.
        const x = (n) => n * pace - offset;
        const back = 1 + Math.ceil(2 / pace);
        const from = this.drawn < back ? left : Math.max(Math.floor(x(this.drawn - back)), left);
        context.save();
        context.beginPath();
        context.rect(from, top, right - from, bottom - top);
        context.clip();
        context.clearRect(from, top, right - from, bottom - top);
        this.rules(from, right);
        this.curves(Math.max(this.drawn - 2 * back, this.count - length, 0), x);
        context.restore();
        this.offset = offset;
        this.drawn = this.count - 1;
    }

    /** Move what is drawn to the left; what was there goes, also where nothing comes to. */
    move(pixels) {
        const { context, left, right, top, bottom } = this;
        context.save();
        context.beginPath();
        context.rect(left, top, right - left - pixels, bottom - top);
        context.clip();
        context.globalCompositeOperation = "copy";
        context.drawImage(
            this.canvas,
            left + pixels,
            top,
            right - left - pixels,
            bottom - top,
            left,
            top,
            right - left - pixels,
            bottom - top,
        );
        context.restore();
    }

    /** Take in size and colours, and draw what does not move. */
    begin(scale, wide, tall) {
        const style = getComputedStyle(this.canvas);
        const size = Math.round(0.7 * parseFloat(style.fontSize) * scale);
        const context = this.canvas.getContext("2d");
        Object.assign(this, {
            context,
            size,
            left: 4 * size,
            right: wide - size,
            top: size,
            bottom: tall - 2 * size,
            drawn: -1,
        });
        this.colours = Object.fromEntries(
            ["--ink", "--quiet", "--line", ...this.names.map((name, i) => `--c${i % 6}`)].map((name) => [
                name,
                style.getPropertyValue(name).trim(),
            ]),
        );
        const span = this.high - this.low,
            power = 10 ** Math.floor(Math.log10(span / 3));
        this.step = [1, 2, 5, 10].map((n) => n * power).find((n) => span / n <= 4.5);
        context.clearRect(0, 0, wide, tall);
        context.font = `${size}px system-ui, sans-serif`;
        context.fillStyle = this.colours["--quiet"];
        context.textBaseline = "middle";
        context.textAlign = "right";
        for (const value of this.marks()) {
            context.fillText(String(Number(value.toPrecision(3))), this.left - size / 2, this.height(value));
        }
        context.textBaseline = "alphabetic";
        for (let second = 0; second <= this.seconds; second += this.seconds > 8 ? 2 : 1) {
            context.textAlign = second ? "center" : "right";
            context.fillText(
                second ? `−${second} s` : "0",
                this.right - ((this.right - this.left) * second) / this.seconds,
                this.bottom + 1.5 * size,
            );
        }
    }

    height(value) {
        return this.bottom - ((this.bottom - this.top) * (value - this.low)) / (this.high - this.low);
    }

    marks() {
        const first = Math.ceil(this.low / this.step),
            count = Math.floor(this.high / this.step) - first + 1;
        return Array.from({ length: count }, (none, i) => (first + i) * this.step);
    }

    rules(from, to) {
        const { context } = this;
        for (const value of this.marks()) {
            context.fillStyle = this.colours["--line"];
            context.fillRect(from, Math.round(this.height(value)), to - from, 1);
        }
        if (this.line !== null) {
            context.fillStyle = this.colours["--ink"];
            context.fillRect(from, Math.round(this.height(this.line)), to - from, 1);
        }
    }

    curves(first, x) {
        const { context, length, values, names } = this;
        if (this.band) {
            context.fillStyle = this.colours["--c0"];
            const wide = Math.max(x(1) - x(0), 1);
            for (let n = first; n < this.count; n++) {
                const at = (n % length) * names.length;
                const top = this.height(values[at]),
                    bottom = this.height(values[at + 1]);
                context.fillRect(Math.floor(x(n - 1)), top, Math.ceil(wide), Math.max(bottom - top, 1));
            }
            return;
        }
        context.lineJoin = "bevel";
        context.lineWidth = 0.16 * this.size;
        names.forEach((name, i) => {
            context.strokeStyle = this.colours[`--c${i % 6}`];
            context.beginPath();
            for (let n = first; n < this.count; n++) {
                const y = this.height(values[(n % length) * names.length + i]);
                const skip = n === first || (i % 6 > 2 && n % (DASH + GAP) > DASH);
                if (skip) context.moveTo(x(n), y);
                else context.lineTo(x(n), y);
            }
            context.stroke();
        });
    }

    /** Have the range hold all that is seen; it grows at once and shrinks by half and more. Tell whether it changed. */
    settle() {
        if (this.range || !this.count) return false;
        const shown = Math.min(this.count, this.length) * this.names.length;
        let low = Infinity,
            high = -Infinity;
        for (let i = 0; i < shown; i++) {
            const value = this.values[i];
            if (value < low) low = value;
            if (value > high) high = value;
        }
        const room = Math.max(high - low, 0.2) * 0.15;
        const fits = low >= this.low && high <= this.high && (high - low) * 2.5 >= this.high - this.low;
        if (fits || (this.low === low - room && this.high === high + room)) return false;
        this.low = low - room;
        this.high = high + room;
        return true;
    }
}

/** The picture of a take: curves, what a sound's samples are between, or a picture as it is. */
export function picture(take, wide = 180, tall = 64) {
    if (take.kind === "picture") return h("img.photo", { src: take.image, alt: "", draggable: "false" });
    const all = take.points.flat();
    const sound = take.kind === "sound";
    const most = Math.max(...all.map(Math.abs), 0.02);
    const low = sound ? -most : Math.min(...all),
        high = sound ? most : Math.max(...all, low + 1e-6);
    const at = (points) =>
        points.map((value, n) => {
            const x = (wide * n) / Math.max(points.length - 1, 1),
                y = tall - 3 - ((tall - 6) * (value - low)) / (high - low);
            return `${x.toFixed(1)},${y.toFixed(1)}`;
        });
    return h(
        "svg.picture",
        { viewBox: `0 0 ${wide} ${tall}`, preserveAspectRatio: "none", "aria-hidden": "true" },
        sound
            ? h("polygon.wave", { points: [...at(take.points[0]), ...at(take.points[1]).reverse()].join(" ") })
            : take.points.map((points, i) => h("polyline", { class: `curve c${i % 6}`, points: at(points).join(" ") })),
    );
}

/** A line through points [x, share], with axes: the learning curve. */
export function growth(points, label, words) {
    const wide = 320,
        tall = 150,
        left = 40,
        right = wide - 12,
        top = 10,
        bottom = tall - 26;
    const most = Math.max(...points.map(([n]) => n)),
        least = Math.min(...points.map(([n]) => n));
    const x = (n) =>
        left + ((right - left) * (Math.log(n) - Math.log(least))) / Math.max(Math.log(most) - Math.log(least), 1e-9);
    const y = (share) => bottom - (bottom - top) * share;
    return h(
        "svg.growth",
        { viewBox: `0 0 ${wide} ${tall}`, role: "img", "aria-label": label },
        [0, 0.5, 1].map((share) => [
            h("line.rule", { x1: left, x2: right, y1: y(share), y2: y(share) }),
            h("text", { x: left - 6, y: y(share) + 4, "text-anchor": "end" }, `${share * 100}%`),
        ]),
        h("polyline.curve.c0", {
            points: points.map(([n, share]) => `${x(n).toFixed(1)},${y(share).toFixed(1)}`).join(" "),
        }),
        points.map(([n, share]) => [
            h("circle.dot", { cx: x(n).toFixed(1), cy: y(share).toFixed(1), r: 3.5 }, h("title", {}, words(n, share))),
            h("text", { x: x(n).toFixed(1), y: bottom + 17, "text-anchor": "middle" }, String(n)),
        ]),
    );
}
