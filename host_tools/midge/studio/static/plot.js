// SPDX-License-Identifier: MIT
// Curves that move and the learning curve, which uPlot draws, and small pictures of takes, as SVG.
//
// uPlot comes with the page (build/page of a checkout). Colours are those of Okabe and Ito, which colour-blind people can
// tell apart; the second three are dashed as well.

import { fill, h, text } from "./dom.js";

const DASH = [7, 3],
    PIXELS = 11; // of the axes' text

/** What draws: a plot of uPlot as wide as the page lets it be, in the colours of the theme. make: its options, given
 * what a colour's name stands for now; data: as uPlot has it; label: what it shows, for who cannot see it. */
class Plot {
    constructor(label, make, data) {
        this.element = h("div.plot", { role: "img", "aria-label": label });
        this.plot = null;
        this.colours = {};
        this.colour = (name) => (this.colours[name] ||= getComputedStyle(this.element).getPropertyValue(name).trim());
        if (!window.uPlot) {
            fill(this.element, h("p.hint", {}, text("plot.missing")));
            return;
        }
        this.watcher = new ResizeObserver(() => {
            const { clientWidth: width, clientHeight: height } = this.element;
            if (!width || !height) return;
            if (this.plot) this.plot.setSize({ width, height });
            else this.plot = new window.uPlot({ ...make(this.colour), width, height }, data(), this.element);
        });
        this.watcher.observe(this.element);
        this.repaint = () => {
            if (!this.element.isConnected) return this.close();
            this.colours = {};
            this.plot?.redraw(false);
        };
        this.scheme = matchMedia("(prefers-color-scheme: dark)");
        this.scheme.addEventListener("change", this.repaint);
        window.addEventListener("themechange", this.repaint);
    }

    close() {
        if (!this.watcher) return;
        this.watcher.disconnect();
        this.scheme.removeEventListener("change", this.repaint);
        window.removeEventListener("themechange", this.repaint);
        this.plot?.destroy();
    }
}

/** An axis whose text and lines are quiet. */
function axis(colour, more) {
    return {
        stroke: () => colour("--quiet"),
        font: `${PIXELS}px system-ui, sans-serif`,
        ticks: { show: false },
        grid: { show: false },
        ...more,
    };
}

/** Horizontal lines where the values of an axis are. */
const rules = (colour) => ({ show: true, width: 1, stroke: () => colour("--line") });

const still = { cursor: { show: false }, legend: { show: false } };

export class Curves {
    /** names: of the curves; seconds: that are seen; range: [low, high], or null for what the samples have.
     * band: fill what is between the first two, and say nothing of them. */
    constructor(names, rate, seconds, range, label, band = false) {
        this.length = Math.max(Math.round(rate * seconds), 2);
        this.times = Float64Array.from({ length: this.length }, (none, i) => (i + 1 - this.length) / rate);
        this.values = names.map(() => new Float32Array(this.length)); // the latest last
        this.count = 0;
        this.line = null; // a height that is marked
        this.range = range;
        [this.low, this.high] = range || [-1, 1];
        this.readings = names.map(() => h("b", {}, "–"));
        this.waiting = false;
        this.read = 0;
        this.view = new Plot(label, (colour) => this.options(names, seconds, band, colour), () => this.seen());
        this.element = h(
            "figure.curves",
            {},
            this.view.element,
            h(
                "figcaption",
                { hidden: band },
                names.map((name, i) => h("span.key", {}, key(i), name, " ", this.readings[i])),
            ),
        );
    }

    close() {
        this.view.close();
    }

    options(names, seconds, band, colour) {
        const curve = (name, i) => ({
            label: name,
            stroke: () => colour(band ? "--c0" : `--c${i % 6}`),
            width: 1, // wider ones take five times as long where no GPU draws
            dash: i % 6 > 2 ? DASH : undefined,
            points: { show: false },
        });
        return {
            ...still,
            padding: [8, 12, 0, 0],
            scales: {
                x: { time: false, range: [-seconds, 0] },
                y: { range: (plot, low, high) => this.range || this.settled(low, high) },
            },
            axes: [
                axis(colour, {
                    size: 24,
                    values: (plot, times) => times.map((time) => (time ? `−${-time} s` : "0")),
                    incrs: seconds > 8 ? [2] : [1],
                }),
                axis(colour, { size: 46, grid: rules(colour) }),
            ],
            series: [{}, ...names.map(curve)],
            bands: band ? [{ series: [1, 2], fill: () => colour("--c0") }] : [],
            hooks: { draw: [(plot) => this.mark(plot, colour)] },
        };
    }

    /** Draw the height that is marked. */
    mark(plot, colour) {
        if (this.line === null) return;
        const { left, width } = plot.bbox;
        plot.ctx.fillStyle = colour("--ink");
        plot.ctx.fillRect(left, Math.round(plot.valToPos(this.line, "y", true)), width, Math.ceil(devicePixelRatio));
    }

    /** A range that holds all that is seen: it grows at once, and shrinks by half and more. */
    settled(low, high) {
        if (low === null || high === null) return [this.low, this.high];
        const room = Math.max(high - low, 0.2) * 0.15;
        const fits = low >= this.low && high <= this.high && (high - low) * 2.5 >= this.high - this.low;
        if (!fits) [this.low, this.high] = [low - room, high + room];
        return [this.low, this.high];
    }

    add(rows) {
        if (!rows.length) return;
        const some = rows.slice(-this.length);
        this.values.forEach((values, i) => {
            values.copyWithin(0, some.length);
            some.forEach((row, n) => {
                values[this.length - some.length + n] = row[i];
            });
        });
        this.count = Math.min(this.count + some.length, this.length);
        if (!this.waiting) {
            this.waiting = true;
            requestAnimationFrame(() => {
                this.waiting = false;
                this.draw();
            });
        }
        const now = performance.now();
        if (now - this.read > 250) {
            this.read = now;
            this.readings.forEach((reading, i) => {
                reading.textContent = rows[rows.length - 1][i].toFixed(2);
            });
        }
    }

    draw() {
        this.view.plot?.setData(this.seen());
    }

    seen() {
        return [this.times, ...this.values].map((values) => values.subarray(this.length - this.count));
    }
}

/** What a curve looks like. */
export function key(i) {
    return h(
        "svg",
        { viewBox: "0 0 22 8", "aria-hidden": "true" },
        h("line", { class: `curve c${i % 6}`, x1: 1, x2: 21, y1: 4, y2: 4 }),
    );
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
export function growth(points, label) {
    const counts = points.map(([n]) => n);
    const options = (colour) => ({
        ...still,
        padding: [10, 16, 0, 0],
        scales: { x: { time: false, distr: 3, log: 2, range: [counts[0], counts[counts.length - 1]] }, y: { range: [0, 1] } },
        axes: [
            axis(colour, { size: 26, splits: () => counts, filter: (plot, all) => all, values: (plot, all) => all.map(String) }),
            axis(colour, {
                size: 46,
                grid: rules(colour),
                splits: () => [0, 0.5, 1],
                values: (plot, all) => all.map((share) => `${100 * share}%`),
            }),
        ],
        series: [
            {},
            {
                stroke: () => colour("--c0"),
                width: 1.8,
                points: { show: true, size: 8, width: 2, stroke: () => colour("--c0"), fill: () => colour("--card") },
            },
        ],
    });
    const plot = new Plot(label, options, () => [counts, points.map(([, share]) => share)]);
    return h("figure.growth", {}, plot.element);
}
