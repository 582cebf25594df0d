// SPDX-License-Identifier: MIT
// Elements from calls, and all text from one catalogue. Text only ever becomes text nodes and attributes.

let catalogue = {};

export async function loadText(language) {
    catalogue = await (await fetch(`/static/text.${language}.json`, { credentials: "same-origin" })).json();
}

/** The text of a key, with {names} filled in; text(key, {n: 1}) takes key.one where there is such a text. */
export function text(key, values = {}) {
    const found = (values.n === 1 && catalogue[`${key}.one`]) || catalogue[key];
    if (found === undefined) {
        console.warn(`no text ${key}`);
        return key;
    }
    return found.replace(/\{(\w+)\}/g, (all, name) => (name in values ? String(values[name]) : all));
}

/** The text of a key for a kind of takes, where there is one of its own. */
export function textOf(key, kind, values) {
    return text(`${key}.${kind}` in catalogue ? `${key}.${kind}` : key, values);
}

const SVG = "http://www.w3.org/2000/svg";
const DRAWN = new Set(["svg", "polyline", "polygon", "path", "line", "g", "circle", "rect", "text", "title"]);

/** An element: h("button.quiet", {onclick, disabled}, "text", child). Attributes that are false or null are left out. */
export function h(what, attributes = {}, ...children) {
    const [tag, ...classes] = what.split(".");
    const element = DRAWN.has(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
    if (classes.length) element.setAttribute("class", classes.join(" "));
    for (const [name, value] of Object.entries(attributes)) {
        if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
        else if (name === "value") element.value = value;
        else if (value !== false && value !== null && value !== undefined)
            element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.flat(9).filter((child) => child !== null && child !== undefined && child !== false));
    return element;
}

/** Put other children into an element. */
export function fill(element, ...children) {
    element.replaceChildren(
        ...children.flat(9).filter((child) => child !== null && child !== undefined && child !== false),
    );
}

/** Change text only where it differs, so that screen readers are not told again. */
export function say(element, words) {
    if (element.textContent !== words) element.textContent = words;
}

export function show(element, visible) {
    element.hidden = !visible;
}

/** Call make only when what it depends on is another than last time: remembered(() => ...)(value). */
export function whenOther(make) {
    let before;
    return (value) => {
        const now = JSON.stringify(value);
        if (now !== before) {
            before = now;
            make(value);
        }
    };
}

let numbers = 0;

/** A labelled control: the label's text, the control, and a hint below it. */
export function field(label, control, hint) {
    control.id = control.id || `f${++numbers}`;
    const below = hint ? h("span.hint", { id: `${control.id}-hint` }, hint) : null;
    if (below) control.setAttribute("aria-describedby", below.id);
    return h("div.field", {}, h("label", { for: control.id }, label), control, below);
}

/** Buttons of which one is pressed: a group of radios. choices: [value, words]. */
export function choice(legend, name, choices, chosen, onchoose, hideLegend = false) {
    const radios = choices.map(([value, words]) => {
        const radio = h("input", { type: "radio", name, value, onchange: () => onchoose(value) });
        radio.value = value;
        radio.checked = value === chosen;
        return [radio, h("label.chip", {}, radio, h("span", {}, words))];
    });
    const element = h(
        "fieldset.choice",
        {},
        h(hideLegend ? "legend.only-read" : "legend", {}, legend),
        h(
            "div.chips",
            {},
            radios.map(([, label]) => label),
        ),
    );
    return {
        element,
        set: (value) =>
            radios.forEach(([radio]) => {
                radio.checked = radio.value === value;
            }),
    };
}

export function bar(label) {
    const element = h("progress", { max: 1, "aria-label": label });
    return {
        element,
        set: (done, count) => {
            if (count > 0) element.value = Math.min(done / count, 1);
            else element.removeAttribute("value");
        },
    };
}

/** What the page does, as a person types it. */
export function terminal(...commands) {
    return h(
        "details.terminal",
        {},
        h("summary", {}, text("terminal")),
        h("pre", { tabindex: 0, "aria-label": text("terminal") }, commands.join("\n")),
    );
}
