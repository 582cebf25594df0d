// SPDX-License-Identifier: MIT
// Curves that move, on a canvas, and small pictures of takes, as SVG.
//
// Curves keep their samples in one array of floats and draw at most two points a pixel, once a frame at most: six axes
// at 100 Hz take a few per cent of a core. Colours are those of Okabe and Ito, which colour-blind people can tell apart;
// the second three are dashed as well.

import { h } from "./dom.js";

const DASHES = [[], [], [], [7, 3], [7, 3], [7, 3]];

export class Curves {
  /** names: of the curves; seconds: that are seen; range: [low, high], or null for what the samples have. */
  constructor(names, rate, seconds, range, label) {
    this.names = names;
    this.length = Math.max(Math.round(rate * seconds), 2);
    this.seconds = seconds;
    this.range = range;
    this.values = new Float32Array(this.length * names.length);
    this.count = 0;
    this.line = null; // a height that is marked
    this.canvas = h("canvas", { role: "img", "aria-label": label });
    this.readings = names.map(() => h("b", {}, "–"));
    this.element = h("figure.curves", {}, this.canvas, h("figcaption", {}, names.map((name, i) =>
      h("span.key", {}, h("svg", { viewBox: "0 0 22 8", "aria-hidden": "true" },
        h("line", { class: `curve c${i % 6}`, x1: 1, x2: 21, y1: 4, y2: 4 })), name, " ", this.readings[i]))));
    this.low = range ? range[0] : -1;
    this.high = range ? range[1] : 1;
    this.waiting = false;
    this.read = 0;
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
        this.draw();
      });
    }
    const now = performance.now();
    if (now - this.read > 250 && rows.length) {
      this.read = now;
      rows[rows.length - 1].slice(0, width).forEach((value, i) => { this.readings[i].textContent = value.toFixed(2); });
    }
  }

  draw() {
    const { canvas, length } = this;
    const scale = Math.min(devicePixelRatio || 1, 2);
    const wide = canvas.clientWidth, tall = canvas.clientHeight;
    if (!wide || !tall) return;
    if (canvas.width !== Math.round(wide * scale) || canvas.height !== Math.round(tall * scale)) {
      canvas.width = Math.round(wide * scale);
      canvas.height = Math.round(tall * scale);
    }
    const style = getComputedStyle(canvas);
    const colour = (name) => style.getPropertyValue(name).trim();
    const context = canvas.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, wide, tall);
    this.settle();
    const left = 40, right = wide - 10, top = 10, bottom = tall - 22;
    const y = (value) => bottom - (bottom - top) * (value - this.low) / (this.high - this.low);
    this.grid(context, colour, { left, right, top, bottom, y });
    const shown = Math.min(this.count, length), first = this.count - shown;
    const step = Math.max(1, Math.floor(shown / (2 * (right - left))));
    context.lineJoin = "round";
    context.lineWidth = 1.8;
    this.names.forEach((name, i) => {
      context.strokeStyle = colour(`--c${i % 6}`);
      context.setLineDash(DASHES[i % 6]);
      context.beginPath();
      for (let n = first - (first % step) + step; n < this.count; n += step) {
        const x = right - (right - left) * (this.count - 1 - n) / (length - 1);
        const value = this.values[(n % length) * this.names.length + i];
        context.lineTo(x, y(value));
      }
      context.stroke();
    });
    context.setLineDash([]);
  }

  /** Have the range hold all that is seen; it grows at once and shrinks only by halves. */
  settle() {
    if (this.range || !this.count) return;
    const shown = Math.min(this.count, this.length) * this.names.length;
    let low = Infinity, high = -Infinity;
    for (let i = 0; i < shown; i++) {
      const value = this.values[i];
      if (value < low) low = value;
      if (value > high) high = value;
    }
    const room = Math.max(high - low, 0.2) * 0.15;
    if (low < this.low || high > this.high || (high - low) * 2.5 < this.high - this.low) {
      this.low = low - room;
      this.high = high + room;
    }
  }

  grid(context, colour, { left, right, top, bottom, y }) {
    const span = this.high - this.low;
    const power = 10 ** Math.floor(Math.log10(span / 3));
    const step = [1, 2, 5, 10].map((n) => n * power).find((n) => span / n <= 4.5);
    context.font = "11px system-ui, sans-serif";
    context.fillStyle = colour("--quiet");
    context.strokeStyle = colour("--line");
    context.lineWidth = 1;
    context.textBaseline = "middle";
    context.textAlign = "right";
    for (let n = Math.ceil(this.low / step); n * step <= this.high; n++) {
      const at = Math.round(y(n * step)) + 0.5;
      context.beginPath();
      context.moveTo(left, at);
      context.lineTo(right, at);
      context.stroke();
      context.fillText(String(Number((n * step).toPrecision(3))), left - 6, at);
    }
    context.textBaseline = "alphabetic";
    for (let second = 0; second <= this.seconds; second += this.seconds > 8 ? 2 : 1) {
      const x = right - (right - left) * second / this.seconds;
      context.textAlign = second ? "center" : "right";
      context.fillText(second ? `−${second} s` : "0", x, bottom + 16);
    }
    if (this.line !== null) {
      context.strokeStyle = colour("--ink");
      context.setLineDash([2, 4]);
      context.beginPath();
      context.moveTo(left, y(this.line));
      context.lineTo(right, y(this.line));
      context.stroke();
      context.setLineDash([]);
    }
  }
}

/** The picture of a take. marks: [start, end] as shares of it that stay, where it is being trimmed. */
export function picture(take, wide = 180, tall = 64) {
  const all = take.points.flat();
  const low = Math.min(...all), high = Math.max(...all, low + 1e-6);
  const lines = take.points.map((points, i) => h(`polyline`, {
    class: `curve c${i % 6}`,
    points: points.map((value, n) => `${(wide * n / Math.max(points.length - 1, 1)).toFixed(1)},${
      (tall - 3 - (tall - 6) * (value - low) / (high - low)).toFixed(1)}`).join(" "),
  }));
  return h("svg.picture", { viewBox: `0 0 ${wide} ${tall}`, preserveAspectRatio: "none", "aria-hidden": "true" }, lines);
}

/** A line through points [x, share], with axes: the learning curve. */
export function growth(points, label, words) {
  const wide = 320, tall = 150, left = 40, right = wide - 12, top = 10, bottom = tall - 26;
  const most = Math.max(...points.map(([n]) => n)), least = Math.min(...points.map(([n]) => n));
  const x = (n) => left + (right - left) * (Math.log(n) - Math.log(least)) / Math.max(Math.log(most) - Math.log(least), 1e-9);
  const y = (share) => bottom - (bottom - top) * share;
  return h("svg.growth", { viewBox: `0 0 ${wide} ${tall}`, role: "img", "aria-label": label },
    [0, 0.5, 1].map((share) => [h("line.rule", { x1: left, x2: right, y1: y(share), y2: y(share) }),
      h("text", { x: left - 6, y: y(share) + 4, "text-anchor": "end" }, `${share * 100}%`)]),
    h("polyline.curve.c0", { points: points.map(([n, share]) => `${x(n).toFixed(1)},${y(share).toFixed(1)}`).join(" ") }),
    points.map(([n, share]) => [h("circle.dot", { cx: x(n).toFixed(1), cy: y(share).toFixed(1), r: 3.5 },
      h("title", {}, words(n, share))), h("text", { x: x(n).toFixed(1), y: bottom + 17, "text-anchor": "middle" }, String(n))]));
}
