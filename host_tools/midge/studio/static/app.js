// SPDX-License-Identifier: MIT
// The frame around the pages: steps, what is going on, and what went wrong.

import { fill, h, loadText, say, show, text, textOf, whenOther } from "./dom.js";
import { act, emit, listen, on, onProblem } from "./server.js";

const PAGES = ["board", "record", "train", "deploy", "live", "teach", "report"];
const ICONS = {
    board: "M5 6h14v12H5zM9 6V3m6 3V3M9 21v-3m6 3v-3M9 10h6v4H9z",
    record: "M3 12h3l2-6 4 12 3-9 2 3h4",
    train: "M4 19h16M7 19v-5m5 5V9m5 10V5",
    deploy: "M12 4v11m0 0-4-4m4 4 4-4M5 20h14",
    live: "M12 12h.01M8.5 15.5a5 5 0 0 1 0-7m7 0a5 5 0 0 1 0 7M5.6 18.4a9 9 0 0 1 0-12.8m12.8 0a9 9 0 0 1 0 12.8",
    teach: "M3 9l9-4 9 4-9 4zM7 11v5c3 2 7 2 10 0v-5m4-2v6",
    report: "M7 3h7l4 4v14H7zM14 3v4h4M10 12h5m-5 4h5",
};
const THEMES = ["", "light", "dark"];

const app = { state: null, page: null, name: "" };
const parts = {};

function icon(name) {
    return h("svg.icon", { viewBox: "0 0 24 24", "aria-hidden": "true" }, h("path", { d: ICONS[name] }));
}

function frame() {
    parts.main = h("main", { id: "main", tabindex: -1 });
    parts.project = h("span.project");
    parts.theme = h("button.quiet.theme", { type: "button", onclick: nextTheme });
    parts.problem = h("div.problem", { role: "alert", hidden: true });
    parts.problems = h("div", {}, parts.problem);
    parts.offline = h("div.offline", { role: "status", hidden: true }, text("closed"));
    parts.toast = h("div.toast", { role: "status" });
    parts.steps = Object.fromEntries(
        PAGES.map((name) => {
            const note = h("small");
            const link = h("a", { href: `#/${name}` }, icon(name), h("span.name", {}, text(`nav.${name}`)), note);
            return [name, { link, note }];
        }),
    );
    document.body.append(
        h(
            "a.skip",
            {
                href: "#main",
                onclick: (event) => {
                    event.preventDefault();
                    parts.main.focus();
                },
            },
            text("skip"),
        ),
        h(
            "header",
            {},
            h(
                "a.brand",
                { href: "#/board" },
                h("img", { src: "/static/icon.svg", alt: "", width: 28, height: 28 }),
                h("span", {}, text("title")),
            ),
            parts.project,
            parts.theme,
        ),
        h(
            "nav",
            { "aria-label": text("nav") },
            h(
                "ol",
                {},
                PAGES.map((name) => h("li", {}, parts.steps[name].link)),
            ),
        ),
        h("div.column", {}, parts.offline, parts.problems, parts.main),
        parts.toast,
    );
    setTheme(localStorage.getItem("theme") || "");
}

function setTheme(theme) {
    document.documentElement.style.colorScheme = theme || "light dark";
    parts.theme.dataset.theme = theme;
    fill(parts.theme, text(`theme.${theme || "auto"}`));
    window.dispatchEvent(new Event("themechange"));
}

function nextTheme() {
    const theme = THEMES[(THEMES.indexOf(parts.theme.dataset.theme) + 1) % THEMES.length];
    localStorage.setItem("theme", theme);
    setTheme(theme);
}

export function complain(words, dismiss) {
    fill(
        parts.problem,
        h("span", {}, words),
        h(
            "button.quiet",
            {
                type: "button",
                onclick: () => {
                    show(parts.problem, false);
                    dismiss?.();
                    parts.main.focus();
                },
            },
            text("dismiss"),
        ),
    );
    show(parts.problem, true);
    const dialog = document.querySelector("dialog[open]"); // nobody sees what is behind it
    (dialog ?? parts.problems).append(parts.problem);
    dialog?.addEventListener("close", () => parts.problems.append(parts.problem), { once: true });
}

let fading;

/** Say that something was done; undoable: with a button that takes it back. */
export function announce(words, undoable = false) {
    clearTimeout(fading);
    fill(
        parts.toast,
        h("span", {}, words),
        undoable && h("button.quiet", { type: "button", onclick: undo }, text("undo")),
    );
    parts.toast.classList.add("shown");
    fading = setTimeout(
        () => {
            parts.toast.classList.remove("shown");
            fill(parts.toast);
        },
        undoable ? 12000 : 5000,
    );
}

export async function undo() {
    const done = await act("undo");
    if (!done) return;
    emit({ kind: "takes" });
    announce(done.said);
}

const showError = whenOther((error) => {
    if (error) complain(error.text, () => act("dismiss", { number: error.number }));
    else show(parts.problem, false);
});

function update(state) {
    app.state = state;
    say(parts.project, state.project.name);
    parts.project.title = state.project.folder;
    const takes = Object.values(state.labels).reduce((sum, n) => sum + n, 0);
    const { bench, model } = state;
    const notes = {
        board: bench.port ? text("note.board") : "",
        record: takes ? text("note.takes", { n: takes }) : "",
        train: model.there ? text("note.trained") : "",
        deploy: bench.put ? text("note.put") : "",
        live: bench.live ? textOf("note.live", state.kind) : "",
        teach: bench.learner ? text("note.teach") : "",
        report: "",
    };
    for (const name of PAGES) {
        say(parts.steps[name].note, notes[name]);
        parts.steps[name].link.classList.toggle("done", Boolean(notes[name]));
    }
    showError(state.error || (state.project.note ? { number: 0, text: state.project.note } : null));
    app.page?.update?.(state);
    if (app.name && app.kind !== state.kind) go();
}

async function go() {
    const name = location.hash.replace(/^#\//, "");
    if (!PAGES.includes(name)) {
        location.replace("#/board");
        return;
    }
    if (name === app.name && app.kind === app.state.kind) return;
    const first = !app.name;
    Object.assign(app, { name, kind: app.state.kind });
    const page = await import(`/static/pages/${name}.js`);
    if (app.name !== name) return;
    app.page?.close?.();
    for (const other of PAGES) {
        if (other === name) parts.steps[other].link.setAttribute("aria-current", "page");
        else parts.steps[other].link.removeAttribute("aria-current");
    }
    const heading = h("h1", { tabindex: -1 }, text(`${name}.title`));
    const body = h("div.page", { "data-page": name });
    fill(parts.main, heading, h("p.lead", {}, textOf(`${name}.lead`, app.state.kind)), body);
    document.title = `${text(`nav.${name}`)} · ${text("title")}`;
    window.scrollTo(0, 0);
    if (!first) heading.focus({ preventScroll: true });
    app.page = page.open(body, app.state);
    app.page.update?.(app.state);
}

await loadText("en");
frame();
onProblem((words) => complain(words));
on("state", ({ state }) => {
    const first = !app.state;
    update(state);
    if (first) {
        window.addEventListener("hashchange", go);
        go();
    }
});
on("connected", () => show(parts.offline, false));
on("disconnected", () => show(parts.offline, true));
on("notice", ({ reason }) => announce(text("again", { reason })));
listen();
