// SPDX-License-Identifier: MIT
// What is seen while something is recorded: curves of a sensor, a microphone's loudness, or what a camera sees.

import { choice, fill, h, show, text, whenOther } from "./dom.js";
import { allowed, Camera, Microphone } from "./devices.js";
import { Curves } from "./plot.js";
import { act, on, problem, send } from "./server.js";

const SECONDS = 6;
const OWN = ["NotAllowedError", "NotFoundError", "NotReadableError"];

function explain(error, what) {
    problem(text(OWN.includes(error.name) ? `${what}.${error.name}` : `${what}.fails`, { reason: error.message }));
}

/** Curves of a board's sensor, of a phone's, or of a microphone, which wakes by itself once it was allowed. */
export function sensing(first) {
    const scene = h("div.scene");
    let state = first,
        curves = null,
        waking = false,
        tired = false,
        knownError = first.error?.number;
    const microphone = new Microphone(send);
    const draw = whenOther(([source, from, port, resting, heard]) => {
        curves?.close();
        curves = null;
        if (source) {
            const words = text(heard ? "record.plot.sound" : "record.plot", { sensor: source.name });
            curves = new Curves(source.columns, source.shown_hz, SECONDS, heard ? [-1, 1] : null, words, heard);
            const about = text(heard ? "record.source.sound" : "record.source", {
                hz: source.rate_hz,
                unit: [...new Set(source.units)].join(", "),
            });
            fill(scene, h("div.row.between", {}, h("h2", {}, source.name), h("span.hint", {}, about)), curves.element);
            return;
        }
        const words =
            from === "browser"
                ? "record.microphone"
                : from === "phone"
                  ? "record.phone"
                  : !port
                    ? "record.noboard"
                    : resting
                      ? "record.resting"
                      : "record.opening";
        fill(
            scene,
            h(
                "div.empty",
                {},
                h("p", {}, text(words)),
                from === "board" && !port
                    ? h("a", { href: "#/board" }, text("record.toboard"))
                    : from === "browser"
                      ? h("button.main", { type: "button", onclick: listen }, text("record.microphone.on"))
                      : resting && h("button", { type: "button", onclick: wake }, text("record.wake")),
            ),
        );
    });
    const redraw = () =>
        draw([state.bench.sensor, state.bench.source, state.bench.port, tired, state.kind === "sound"]);

    async function listen() {
        try {
            if (!microphone.on) await microphone.open();
            await wake();
        } catch (error) {
            explain(error, "microphone");
        }
    }

    async function wake() {
        waking = true;
        tired = (await act("watch")) === undefined;
        waking = false;
        redraw();
    }

    if (first.kind === "sound") allowed("microphone").then((yes) => yes && state.bench.source === "browser" && listen());
    const off = on("samples", ({ rows }) => curves?.add(rows));
    return {
        element: scene,
        ready: () => (state.bench.source === "board" ? Boolean(state.bench.port) : Boolean(state.bench.sensor)),
        close() {
            off();
            curves?.close();
            microphone.close();
            act("leave");
        },
        update(now) {
            state = now;
            const { bench } = now;
            if (now.error && now.error.number !== knownError) {
                knownError = now.error.number;
                tired = true;
            }
            tired = tired && !bench.sensor;
            redraw();
            const there = bench.source === "browser" ? microphone.on : bench.source === "phone" || bench.port;
            if (there && !bench.busy && !tired && !waking) wake();
        },
    };
}

/** What the camera of this computer sees. */
export function seeing() {
    const video = h("video.view", { muted: true, playsinline: true, "aria-label": text("record.view") });
    const start = h("button.main", { type: "button", onclick: () => look() }, text("record.camera.on"));
    const empty = h("div.empty", {}, h("p", {}, text("record.camera")), start);
    const view = h("div.viewer", { hidden: true }, video);
    const camera = new Camera(video);
    let told = () => {};

    async function look() {
        try {
            await camera.open();
        } catch (error) {
            explain(error, "camera");
        }
        show(view, camera.on);
        show(empty, !camera.on);
        told();
    }

    allowed("camera").then((yes) => yes && look());
    return {
        element: h("div.scene", {}, empty, view),
        ready: () => camera.on,
        shoot: (side) => camera.shoot(side),
        whenReady: (tell) => {
            told = tell;
        },
        close: () => camera.close(),
        update() {},
    };
}

/** The code that lets a phone in, where the studio waits for one. */
export function joining() {
    const code = h("div");
    const renew = () =>
        fill(
            code,
            h("img.code", {
                src: `/api/phone?${Date.now()}`,
                alt: text("record.phone.code"),
                width: 220,
                height: 220,
            }),
        );
    const here = h("p.hint", { role: "status" });
    const element = h(
        "details.card",
        { hidden: true, ontoggle: () => element.open && renew() },
        h("summary", {}, text("record.phone.join")),
        h(
            "div.joining",
            {},
            code,
            h(
                "div",
                {},
                h("p", {}, text("record.phone.scan")),
                here,
                h("button.quiet", { type: "button", onclick: renew }, text("record.phone.again")),
            ),
        ),
    );
    return {
        element,
        update: ({ phone, bench }) => {
            show(element, phone);
            here.textContent = bench.phone ? text("record.phone.here") : "";
        },
    };
}

/** Where samples come from, where there is a choice. */
export function sources() {
    const element = h("div", { hidden: true });
    let radios;
    const make = whenOther((names) => {
        show(element, names.length > 1);
        radios = choice(
            text("record.from"),
            "source",
            names.map((name) => [name, text(`source.${name}`)]),
            "",
            (source) => act("source", { source }),
        );
        fill(element, radios.element);
    });
    return {
        element,
        update: ({ bench }) => {
            make(bench.sources);
            radios.set(bench.source);
        },
    };
}
