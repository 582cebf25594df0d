// SPDX-License-Identifier: MIT
// Takes as pictures, and one of them in a dialog: looked at, trimmed, given another label, deleted.

import { fill, h, text } from "./dom.js";
import { key, picture } from "./plot.js";
import { act, askQuietly, emit, on, problem } from "./server.js";
import { announce } from "./app.js";

const AT_ONCE = 60;
const drawn = new IntersectionObserver(
    (entries) => {
        for (const entry of entries) {
            if (entry.isIntersecting) {
                drawn.unobserve(entry.target);
                entry.target.draw();
            }
        }
    },
    { rootMargin: "200px" },
);

/** A grid of takes, more of them when asked. names: of the takes, or the first of them; labels: those that a take may
 * get; says: a note by name; rest: {count, more(start)}, where not all are in names. */
export function grid(names, labels, says = {}, rest = null) {
    const element = h("div.takes");
    const list = h("ul", { "aria-label": text("takes.list") });
    const more = h("button", { type: "button", onclick: () => add() });
    const count = rest ? rest.count : names.length;
    let at = 0;
    const add = async () => {
        if (at >= names.length && rest) names.push(...(await rest.more(names.length)));
        const next = names.slice(at, at + AT_ONCE);
        at += next.length;
        list.append(...next.map((name) => card(name, names, labels, says[name])));
        more.hidden = at >= count || !next.length;
        fill(more, text("takes.more", { n: count - at }));
    };
    add();
    fill(element, list, more);
    if (!rest) redrawn(element, list);
    return element;
}

/** Draw takes anew when some change, as long as they are shown: those that are gone say so, and come back with undo. */
function redrawn(element, list) {
    let shown = false;
    const off = on("takes", () => {
        shown ||= element.isConnected;
        if (!element.isConnected && shown) off();
        else for (const item of list.children) if (item.isDrawn) item.draw();
    });
}

/** Say what was changed, once lists know of it. */
function changed(words) {
    emit({ kind: "takes" });
    announce(words, true);
}

/** The take as a file. */
const fileOf = (name) => `/api/file?${new URLSearchParams({ take: name })}`;

let playing = null;

/** Play a sound; another one stops. One that is gone is told, and the lists are renewed. */
async function play(name) {
    playing?.pause();
    const mine = (playing = new Audio(fileOf(name)));
    try {
        await mine.play();
    } catch (fault) {
        if (mine !== playing) return; // another one began
        const { error } = await askQuietly("take", { take: name });
        problem(error ?? text("takes.unplayable", { reason: fault.message }));
        emit({ kind: "takes" });
    }
}

function card(name, names, labels, note) {
    const [label, file] = name.split("/");
    const shape = h("span.shape");
    const seconds = h("small");
    const button = h(
        "button.take",
        { type: "button", title: file, onclick: () => inspect(name, names, labels, button) },
        shape,
        h("span.below", {}, h("b", {}, label), seconds),
        h("span.only-read", {}, file),
        note && h("span.note", {}, note),
    );
    const remove = h(
        "button.quiet.remove",
        {
            type: "button",
            "aria-label": text("takes.delete", { name }),
            title: text("takes.remove"),
            onclick: () => discard([name]),
        },
        "×",
    );
    const item = h("li", {}, button, remove);
    const hear = player(name);
    item.draw = async () => {
        item.isDrawn = true;
        const { value, error } = await askQuietly("take", { take: name });
        button.classList.toggle("damaged", !value);
        if (value?.kind === "sound") item.append(hear);
        else hear.remove();
        if (value) {
            fill(shape, picture(value));
            shape.classList.toggle("photos", value.kind === "picture");
            seconds.textContent =
                value.kind === "picture"
                    ? text("takes.size", { w: value.width, h: value.height })
                    : text("takes.seconds", { s: value.seconds.toFixed(1) });
        } else {
            fill(shape, h("span.fault", {}, error));
        }
    };
    drawn.observe(item);
    return item;
}

function player(name) {
    return h(
        "button.quiet.play",
        {
            type: "button",
            "aria-label": text("takes.play", { name: name.split("/")[1] }),
            title: text("takes.hear"),
            onclick: () => play(name),
        },
        h("svg.icon", { viewBox: "0 0 24 24", "aria-hidden": "true" }, h("path", { d: "M8 5v14l11-7z" })),
    );
}

export async function discard(names) {
    if (await act("delete", { takes: names })) changed(text("takes.deleted", { n: names.length }));
}

async function inspect(name, names, labels, opener) {
    const { value: take, error } = await askQuietly("take", { take: name });
    if (document.querySelector("dialog[open]")) return; // of a click before
    if (!take) emit({ kind: "takes" }); // it may be gone
    const dialog = h("dialog.inspect", {
        "aria-labelledby": "take-title",
        onclose: () => {
            dialog.remove();
            opener.focus();
        },
    });
    const close = () => dialog.close();
    const head = h(
        "div.row.between",
        {},
        h("h2", { id: "take-title" }, name.split("/")[1]),
        h("button.quiet", { type: "button", onclick: close, "aria-label": text("close") }, "×"),
    );
    const remove = h(
        "button.danger",
        {
            type: "button",
            onclick: () => {
                close();
                discard([name]);
            },
        },
        text("takes.remove"),
    );
    if (!take) fill(dialog, head, h("p.fault", {}, error), h("div.row", {}, remove));
    else
        fill(
            dialog,
            head,
            facts(take),
            take.kind === "picture"
                ? h("img.whole", { src: fileOf(take.take), alt: text("takes.picture", { label: take.label }) })
                : trimming(take, close),
            take.kind === "sound" &&
                h("audio", { controls: true, src: fileOf(take.take), "aria-label": text("takes.hear") }),
            relabelling(take, labels, close),
            h(
                "div.row.between",
                {},
                remove,
                h(
                    "span.row",
                    {},
                    step(name, names, labels, -1, close, opener),
                    step(name, names, labels, 1, close, opener),
                ),
            ),
        );
    document.body.append(dialog);
    dialog.showModal();
}

function facts(take) {
    return h(
        "p.hint",
        {},
        (take.kind === "picture"
            ? [text("takes.size", { w: take.width, h: take.height })]
            : [take.sensor, text("takes.rate", { hz: take.rate_hz, n: take.samples }), take.person, take.session]
        )
            .filter(Boolean)
            .join(" · "),
    );
}

function step(name, names, labels, by, close, opener) {
    const other = names[names.indexOf(name) + by];
    return h(
        "button",
        {
            type: "button",
            disabled: !other,
            "aria-label": text(by < 0 ? "takes.before" : "takes.after"),
            onclick: () => {
                close();
                inspect(other, names, labels, opener);
            },
        },
        by < 0 ? "‹" : "›",
    );
}

function trimming(take, close) {
    const range = (label, value) => {
        const input = h("input", {
            type: "range",
            min: 0,
            max: take.samples,
            step: 1,
            "aria-label": label,
            oninput: mark,
        });
        input.value = value;
        return input;
    };
    const before = h("span.shade"),
        after = h("span.shade.right");
    const start = range(text("takes.start"), 0),
        end = range(text("takes.end"), take.samples);
    const keep = h(
        "button",
        {
            type: "button",
            disabled: true,
            onclick: async () => {
                const done = await act("trim", { take: take.take, start: Number(start.value), end: Number(end.value) });
                if (done) {
                    close();
                    changed(text("takes.trimmed"));
                }
            },
        },
        text("takes.trim"),
    );
    const kept = h("small", { "aria-live": "polite" });
    function mark() {
        if (Number(start.value) > Number(end.value)) [start.value, end.value] = [end.value, start.value];
        before.style.width = `${(100 * start.value) / take.samples}%`;
        after.style.width = `${100 - (100 * end.value) / take.samples}%`;
        keep.disabled = end.value - start.value === take.samples || end.value - start.value < 8;
        kept.textContent = text("takes.kept", { s: ((end.value - start.value) / take.rate_hz).toFixed(2) });
    }
    mark();
    return h(
        "div.trim",
        {},
        h("div.large", {}, picture(take, 600, 180), before, after),
        take.columns && h(
            "p.legend",
            {},
            take.columns.map((name, i) =>
                h("span.key", {}, key(i), `${name} ${take.units[i]}`),
            ),
        ),
        h("div.ends", {}, start, end),
        h("div.row.between", {}, kept, keep),
    );
}

function relabelling(take, labels, close) {
    const input = h("input", {
        type: "text",
        list: "labels",
        value: take.label,
        "aria-label": text("takes.label"),
        maxlength: 40,
        spellcheck: "false",
    });
    return h(
        "form.row",
        {
            onsubmit: async (event) => {
                event.preventDefault();
                const done = await act("relabel", { take: take.take, label: input.value.trim() });
                if (done) {
                    close();
                    changed(text("takes.relabelled", { label: input.value.trim() }));
                }
            },
        },
        h(
            "datalist",
            { id: "labels" },
            labels.map((label) => h("option", { value: label })),
        ),
        input,
        h("button", { type: "submit" }, text("takes.relabel")),
    );
}
