// SPDX-License-Identifier: MIT
// What the page asks of the studio, and what it is told.

import { text } from "./dom.js";

const handlers = new Map();
let onproblem = () => {};

export function on(kind, handler) {
    if (!handlers.has(kind)) handlers.set(kind, new Set());
    handlers.get(kind).add(handler);
    return () => handlers.get(kind).delete(handler);
}

export function onProblem(handler) {
    onproblem = handler;
}

export function problem(words) {
    onproblem(words);
}

/** Tell those who listen: of what came from the studio, or was found out here. */
export function emit(message) {
    for (const handler of handlers.get(message.kind) || []) handler(message);
}

async function answered(promise) {
    let answer;
    try {
        answer = await promise;
    } catch {
        problem(text("closed"));
        return undefined;
    }
    const type = answer.headers.get("content-type") || "";
    const body = type.includes("json") ? await answer.json() : await answer.text();
    if (answer.ok) return { value: body };
    problem(typeof body === "string" ? body : body.error);
    return undefined;
}

/** Ask for something to be done: its answer, or undefined where it could not be, which is shown. */
export async function act(action, given = {}) {
    const done = await answered(
        fetch(`/api/do/${action}`, {
            method: "POST",
            body: JSON.stringify(given),
            headers: { "content-type": "application/json" },
        }),
    );
    return done === undefined ? undefined : (done.value ?? {});
}

export async function ask(what, query = {}) {
    return (await answered(fetch(`/api/${what}?${new URLSearchParams(query)}`)))?.value;
}

/** The same without a word where it fails: {value} or {error}. */
export async function askQuietly(what, query = {}) {
    try {
        const answer = await fetch(`/api/${what}?${new URLSearchParams(query)}`);
        const body = await answer.json();
        return answer.ok ? { value: body } : { error: body.error };
    } catch {
        return { error: text("closed") };
    }
}

/** Bring a file: a take of a label, or a network whose front sees. */
export async function bring(file, label, name = file.name, what = "bring") {
    return (
        await answered(
            fetch(`/api/${what}?${new URLSearchParams({ name, label })}`, {
                method: "POST",
                body: file,
                headers: { "content-type": "application/octet-stream" },
            }),
        )
    )?.value;
}

/** Have this computer answer to a picture. */
export async function see(picture) {
    return (await answered(fetch("/api/see", { method: "POST", body: picture })))?.value;
}

let line = null;

/** Send samples, unless the line is behind. */
export function send(bytes) {
    if (line?.readyState === WebSocket.OPEN && line.bufferedAmount < 1 << 20) line.send(bytes);
}

/** Listen as long as the page is open; a line that breaks is tried again, less and less often. */
export function listen() {
    let pause = 300;
    const open = () => {
        const socket = new WebSocket(`ws://${location.host}/live`);
        line = socket;
        socket.onmessage = (event) => {
            pause = 300;
            emit(JSON.parse(event.data));
        };
        socket.onopen = () => emit({ kind: "connected" });
        socket.onclose = () => {
            emit({ kind: "disconnected" });
            setTimeout(open, pause);
            pause = Math.min(pause * 2, 5000);
        };
    };
    open();
}
