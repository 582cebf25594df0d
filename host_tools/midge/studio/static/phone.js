// SPDX-License-Identifier: MIT
// The page on a phone: it sends movements, sound or pictures to the studio, and shows what the studio records.

import { field, fill, h, loadText, say, show, text } from "./dom.js";
import { Camera, message, Microphone } from "./devices.js";
import { answerOf, Feeler, Hearer, Model } from "./core.js";

const RATE = 50, // what the studio takes a phone's movements for
    GRAVITY = 9.80665,
    GAP_MS = 500; // without an event: what follows does not go on from before

/** Samples at even times between events that come when they like: straight lines from one event to the next. */
export class Evenly {
    constructor(rate, emit) {
        this.pace = 1000 / rate;
        this.emit = emit;
        this.last = null;
    }

    add(at, values) {
        const before = this.last;
        this.last = { at, values };
        if (!before || at - before.at > GAP_MS || at <= before.at) {
            this.next = at;
            return;
        }
        const rows = [];
        for (; this.next <= at; this.next += this.pace) {
            const share = (this.next - before.at) / (at - before.at);
            rows.push(...values.map((value, i) => before.values[i] + share * (value - before.values[i])));
        }
        if (rows.length) this.emit(Float32Array.from(rows));
    }
}

/** Acceleration in g and rotation in degrees a second of an event, along the axes that a board has that lies on its
 * back: 1 g up. Apple's engine gives acceleration with the other sign. */
export function measured(event, turned) {
    const { x, y, z } = event.accelerationIncludingGravity || {};
    const { alpha, beta, gamma } = event.rotationRate || {};
    const g = (turned ? -1 : 1) / GRAVITY;
    return [g * x, g * y, g * z, alpha || 0, beta || 0, gamma || 0];
}

const parts = {};
let line = null,
    now = null,
    stop = null,
    answering = false;

function send(bytes) {
    if (line?.readyState === WebSocket.OPEN && line.bufferedAmount < 1 << 18) line.send(bytes);
}

/** Hear movements of a phone, rate a second: rows of six axes. */
async function feel(rate, take) {
    const asks = typeof DeviceMotionEvent.requestPermission === "function";
    if (asks && (await DeviceMotionEvent.requestPermission()) !== "granted") throw new Error(text("phone.denied"));
    const turned = navigator.vendor.startsWith("Apple");
    const evenly = new Evenly(rate, take);
    let came = false;
    const hear = (event) => {
        const values = measured(event, turned);
        if (!values.every(Number.isFinite)) return;
        came = true;
        evenly.add(event.timeStamp, values);
    };
    window.addEventListener("devicemotion", hear);
    setTimeout(() => came || complain(text("phone.nosensor")), 2000);
    return () => window.removeEventListener("devicemotion", hear);
}

async function hear(take) {
    const microphone = new Microphone(take);
    await microphone.open();
    return () => microphone.close();
}

const move = () => feel(RATE, (rows) => send(message("m", rows)));
const listen = () => hear(send);

/** Have the model answer here: nothing is sent. */
async function answer() {
    const file = await fetch("/model");
    if (!file.ok) throw new Error((await file.json()).error);
    const model = await Model.load(await file.arrayBuffer());
    const bars = model.labels.map((label) => {
        const meter = h("span.fill"),
            value = h("span.value", {}, "0.00"),
            track = h("span.track", { "aria-hidden": "true" }, meter);
        return { meter, value, element: h("div.score", {}, h("span.name", {}, label), track, value) };
    });
    fill(parts.scores, bars.map((one) => one.element));
    const told = (scores) => {
        const said = answerOf(model, scores);
        say(parts.answer, said || "–");
        bars.forEach((one, i) => {
            one.meter.style.transform = `scaleX(${scores[i].toFixed(3)})`;
            one.meter.classList.toggle("best", model.labels[i] === said);
            say(one.value, scores[i].toFixed(2));
        });
    };
    show(parts.answers, true);
    if (now.kind === "sound") {
        const hearer = new Hearer(model, told);
        return hear((bytes) => hearer.take(new Int16Array(bytes.buffer.slice(1))));
    }
    const feeler = new Feeler(model, told);
    return feel(feeler.rate_hz, (rows) => feeler.take(rows));
}

async function look() {
    const camera = new Camera(parts.video);
    await camera.open("environment");
    show(parts.shutter, true);
    show(parts.video, true);
    parts.shoot = async () => {
        const label = parts.label.value.trim();
        const picture = await camera.shoot(now.side);
        const name = `${label}-${new Date().toISOString().replace(/[-:]|\..*/g, "")}.jpg`;
        const answer = await fetch(`/picture?${new URLSearchParams({ name, label })}`, { method: "POST", body: picture });
        if (answer.ok) say(parts.status, text("phone.taken", { label }));
        else complain((await answer.json()).error);
    };
    return () => {
        camera.close();
        show(parts.shutter, false);
        show(parts.video, false);
    };
}

const WAYS = { motion: move, sound: listen, picture: look };

function complain(words) {
    say(parts.problem, words);
    show(parts.problem, Boolean(words));
}

/** Keep the screen on, which browsers allow to pages that are seen, until they are not. */
async function stayAwake() {
    if (stop && document.visibilityState === "visible") await navigator.wakeLock?.request("screen").catch(() => {});
}
document.addEventListener("visibilitychange", stayAwake);

/** Begin with a way, or end what was begun. */
async function toggle(way, answers) {
    complain("");
    if (stop) {
        stop();
        stop = null;
        show(parts.answers, false);
    } else {
        try {
            stop = await way();
            answering = answers;
            await stayAwake();
        } catch (error) {
            complain(text("phone.fails", { reason: error.message }));
        }
    }
    update();
}

function update() {
    if (!now) return;
    say(parts.go, text(stop ? "phone.stop" : `phone.${now.kind}`));
    parts.go.disabled = false;
    show(parts.here, !stop && now.answers);
    if (now.kind === "picture") return;
    const { taking } = now;
    say(
        parts.status,
        !stop
            ? text("phone.idle")
            : answering
              ? text("phone.answering")
            : taking
              ? text(taking.phase === "recording" ? "phone.recording" : "phone.waiting", { label: taking.label })
              : text(now.chosen ? "phone.sending" : "phone.unchosen"),
    );
}

function connect() {
    line = new WebSocket(`wss://${location.host}/live`);
    line.onmessage = ({ data }) => {
        now = JSON.parse(data);
        fill(
            parts.known,
            now.labels.map((name) => h("option", { value: name })),
        );
        update();
    };
    line.onopen = () => show(parts.offline, false);
    line.onclose = () => {
        show(parts.offline, true);
        setTimeout(connect, 2000);
    };
}

await loadText("en");
parts.status = h("p.status", { role: "status" });
parts.problem = h("div.problem", { role: "alert", hidden: true });
parts.offline = h("div.offline", { role: "status", hidden: true }, text("phone.closed"));
parts.go = h("button.main", { type: "button", disabled: true, onclick: () => toggle(() => WAYS[now.kind](), false) }, text("phone.begins"));
parts.here = h("button", { type: "button", hidden: true, onclick: () => toggle(answer, true) }, text("phone.here"));
parts.answer = h("p.answer", { "aria-live": "polite" });
parts.scores = h("div.scores");
parts.answers = h("div.result", { hidden: true }, parts.answer, parts.scores);
parts.video = h("video.view", { muted: true, playsinline: true, hidden: true, "aria-label": text("record.view") });
parts.known = h("datalist", { id: "known" });
parts.label = h("input", { type: "text", required: true, maxlength: 40, list: "known", autocomplete: "off" });
parts.shutter = h(
    "form.card",
    {
        hidden: true,
        onsubmit: (event) => {
            event.preventDefault();
            parts.shoot();
        },
    },
    field(text("record.label.picture"), parts.label),
    parts.known,
    h("button.main", { type: "submit" }, text("phone.shoot")),
);
document.title = text("title");
document.body.append(
    h(
        "main.column",
        { id: "main" },
        h("h1", {}, text("phone.title")),
        h("p.lead", {}, text("phone.lead")),
        parts.offline,
        parts.problem,
        h("section.card.stage", {}, parts.video, parts.status, parts.answers, parts.go, parts.here),
        parts.shutter,
    ),
);
connect();
