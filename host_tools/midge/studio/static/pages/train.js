// SPDX-License-Identifier: MIT
import { bar, field, fill, h, say, show, terminal, text, textOf, whenOther } from "../dom.js";
import { growth } from "../plot.js";
import { act, ask, bring, on } from "../server.js";
import { grid } from "../takes.js";

const percent = (share) => `${Math.round(100 * share)}%`;
const bytes = (n) => n.toLocaleString("en");

/** A number with the unit that fits: 0.0008 s is 0.84 ms. */
export function scaled(value, unit) {
    for (const [factor, prefix] of [
        [1, ""],
        [1e-3, "m"],
        [1e-6, "µ"],
    ]) {
        if (value >= factor || prefix === "µ") return `${Number((value / factor).toPrecision(2))} ${prefix}${unit}`;
    }
    return "";
}

export function tiles(report) {
    const { accuracy, costs } = report;
    const tile = (value, words, more) =>
        h("div.tile", {}, h("b", {}, value), h("span", {}, words), more && h("small", {}, more));
    return h(
        "div.tiles",
        {},
        tile(
            percent(accuracy.share),
            text("train.right"),
            text("train.interval", {
                right: accuracy.right,
                n: accuracy.count,
                low: percent(accuracy.low),
                high: percent(accuracy.high),
            }),
        ),
        tile(`${bytes(report.flash_bytes)} B`, text("train.flash")),
        tile(`${bytes(report.arena_bytes)} B`, text("train.ram")),
        costs && [
            tile(
                scaled(costs.seconds.value, "s"),
                textOf("train.time", report.kind, { board: costs.board }),
                text("train.range", { low: scaled(costs.seconds.low, "s"), high: scaled(costs.seconds.high, "s") }),
            ),
            tile(
                scaled(costs.microjoules.value / 1e6, "J"),
                textOf(report.kind === "sound" ? "train.time" : "train.energy", report.kind, { board: costs.board }),
                text("train.range", {
                    low: scaled(costs.microjoules.low / 1e6, "J"),
                    high: scaled(costs.microjoules.high / 1e6, "J"),
                }),
            ),
        ],
        tile(
            text("train.alike", { right: report.float_agreement.right, n: report.float_agreement.count }),
            text("train.integers"),
        ),
    );
}

export function open(root, first) {
    const name = h("input", {
        type: "text",
        value: first.settings.model,
        maxlength: 31,
        required: true,
        spellcheck: "false",
        pattern: "[A-Za-z][A-Za-z0-9_\\-]{0,30}",
    });
    const board = h(
        "select",
        {},
        h("option", { value: "" }, text("train.usual")),
        first.boards.map((known) => h("option", { value: known.name }, known.title)),
    );
    board.value = first.settings.board;
    const go = h("button.main", { type: "submit" }, text("train.go"));
    const stop = h("button", { type: "button", onclick: () => act("end-training") }, text("train.stop"));
    const more = options(first);
    const progress = bar(text("train.progress"));
    const doing = h("p", { role: "status" });
    const going = h("div.going", { hidden: true }, doing, progress.element, h("div.row", {}, stop));
    const counts = h("p");
    const result = h("div.result");
    const next = h("p.next", { hidden: true }, h("a.button.main", { href: "#/deploy" }, text("train.next")));
    fill(
        root,
        h(
            "form.card",
            {
                onsubmit: async (event) => {
                    event.preventDefault();
                    const given = { model: name.value.trim(), board: board.value, ...more.values() };
                    if (await act("settings", given)) await act("train");
                },
            },
            counts,
            h(
                "div.pair",
                {},
                field(text("train.name"), name),
                field(text("train.board"), board, text("train.board.hint")),
            ),
            more.element,
            h("div.row", {}, go),
            going,
        ),
        result,
        next,
        terminal(
            "midge train data -o models/wand.midge --html reports/wand.html",
            "midge power models/wand.midge --board RPI_PICO",
        ),
    );

    let labels = Object.keys(first.labels);
    async function load() {
        const report = await ask("report");
        show(next, Boolean(report));
        fill(result, report ? shown(report, () => labels) : h("p.hint", {}, text("train.none")));
    }
    const offs = [on("training", ({ progress: now }) => told(now)), on("report", load)];
    const reload = whenOther(load);
    function told(now) {
        show(going, Boolean(now));
        if (now) {
            say(doing, now.what);
            progress.set(now.done, now.count);
        }
    }
    return {
        close: () => offs.forEach((off) => off()),
        update(state) {
            labels = Object.keys(state.labels);
            more.update(state);
            const n = Object.values(state.labels).reduce((sum, more) => sum + more, 0);
            say(counts, n ? text("train.takes", { n, labels: labels.join(", ") }) : text("train.empty"));
            go.disabled = state.lessons.busy || !n;
            told(state.lessons.progress);
            reload(state.model);
        },
    };
}

/** What sounds and pictures let one choose: movements need nothing. */
function options(first) {
    const { kind, settings } = first;
    if (kind === "motion") return { element: null, values: () => ({}), update() {} };
    const steps = h("input", { type: "number", min: 0, max: 20000, step: 1, value: settings.steps });
    const fields = [field(text("train.steps"), steps, text("train.steps.hint"))];
    const values = { steps: () => Number(steps.value) };
    let update = () => {};
    if (kind === "picture") {
        const front = h("select", {});
        const pixels = h(
            "select",
            {},
            ["", "0..255", "0..1", "-1..1"].map((unit) =>
                h("option", { value: unit }, unit || text("train.pixels.whole")),
            ),
        );
        pixels.value = settings.pixels;
        const camera = h("input", { type: "text", value: settings.camera, maxlength: 60, spellcheck: "false" });
        const file = h("input", {
            type: "file",
            accept: ".tflite,.onnx,.keras",
            hidden: true,
            onchange: async () => {
                if (file.files.length) await bring(file.files[0], "", file.files[0].name, "front");
                file.value = "";
            },
        });
        const choose = h("button.quiet", { type: "button", onclick: () => file.click() }, text("train.front.bring"));
        update = whenOther(({ fronts, settings: now }) => {
            fill(
                front,
                h("option", { value: "" }, text("train.front.none")),
                fronts.map((name) => h("option", { value: name }, name)),
            );
            front.value = now.front;
        });
        fields.unshift(field(text("train.front"), front, text("train.front.hint")), h("div.row", {}, choose, file));
        fields.push(
            field(text("train.pixels"), pixels, text("train.pixels.hint")),
            field(text("train.camera"), camera, text("train.camera.hint")),
        );
        Object.assign(values, {
            front: () => front.value,
            pixels: () => pixels.value,
            camera: () => camera.value.trim(),
        });
    }
    return {
        element: h("details", {}, h("summary", {}, text("train.more")), h("div.more", {}, fields)),
        values: () => Object.fromEntries(Object.entries(values).map(([name, get]) => [name, get()])),
        update: ({ fronts, settings: now }) => update({ fronts, settings: now }),
    };
}

function shown(report, labels) {
    const cell = h("div.opened", { tabindex: -1 });
    return [
        h("section.card", {}, h("h2", {}, report.model), tiles(report), advice(report)),
        h(
            "section.card",
            {},
            h("h2", {}, text("train.confusion")),
            h("p.hint", {}, text("train.confusion.hint")),
            matrix(report, (found) => {
                fill(
                    cell,
                    h("h3", {}, found.is === found.said ? text("train.cell.right", found) : text("train.cell", found)),
                    grid(found.takes, labels()),
                );
                cell.focus();
            }),
            cell,
        ),
        report.suspicious.length > 0 &&
            h(
                "section.card",
                {},
                h("h2", {}, text("train.suspicious")),
                h("p.hint", {}, text("train.suspicious.hint")),
                grid(
                    report.suspicious.map((one) => one.take),
                    labels(),
                    Object.fromEntries(
                        report.suspicious.map((one) => [
                            one.take,
                            text("train.looks", { like: one.looks_like, score: one.score.toFixed(2) }),
                        ]),
                    ),
                ),
            ),
        h(
            "div.columns",
            {},
            h("section.card", {}, h("h2", {}, text("train.classes")), classes(report)),
            report.learning_curve.length > 1 &&
                h(
                    "section.card",
                    {},
                    h("h2", {}, text("train.curve")),
                    h("p.hint", {}, text("train.curve.hint")),
                    growth(
                        report.learning_curve.map((point) => [point.takes, point.accuracy]),
                        text("train.curve.label", {
                            points: report.learning_curve
                                .map((point) => `${point.takes}: ${percent(point.accuracy)}`)
                                .join(", "),
                        }),
                    ),
                ),
        ),
    ];
}

function advice(report) {
    const lines = [...report.advice, ...report.notes];
    return (
        lines.length > 0 &&
        h(
            "ul.advice",
            {},
            lines.map((line) => h("li", {}, line)),
        )
    );
}

function matrix(report, onopen) {
    const { labels, confusion, cells } = report;
    const takes = Object.fromEntries(cells.map((found) => [`${found.is}/${found.said}`, found]));
    const alike = (i, j) => i === j || (report.quiet?.includes(labels[i]) && report.quiet.includes(labels[j]));
    return h(
        "div.scroll",
        { tabindex: 0, role: "group", "aria-label": text("train.confusion") },
        h(
            "table.matrix",
            {},
            h(
                "thead",
                {},
                h(
                    "tr",
                    {},
                    h("td", {}, h("small", {}, text("train.corner"))),
                    labels.map((label) => h("th", { scope: "col" }, label)),
                ),
            ),
            h(
                "tbody",
                {},
                confusion.map((row, i) => {
                    const sum = row.reduce((all, n) => all + n, 0);
                    return (
                        sum > 0 &&
                        h(
                            "tr",
                            {},
                            h("th", { scope: "row" }, labels[i]),
                            row.map((n, j) => {
                                const found = takes[`${labels[i]}/${labels[j]}`];
                                const strength = Math.ceil((4 * n) / sum);
                                return h(
                                    "td",
                                    {},
                                    found
                                        ? h(
                                              `button.cell.${alike(i, j) ? "right" : "wrong"}.s${strength}`,
                                              {
                                                  type: "button",
                                                  "aria-label": text("train.cell.open", {
                                                      n,
                                                      is: labels[i],
                                                      said: labels[j],
                                                  }),
                                                  onclick: () => onopen(found),
                                              },
                                              String(n),
                                          )
                                        : h("span.cell", {}, "·"),
                                );
                            }),
                        )
                    );
                }),
            ),
        ),
    );
}

function classes(report) {
    const share = (found) => [
        h("b", {}, percent(found.share)),
        h("small", {}, ` ${percent(found.low)}–${percent(found.high)}`),
    ];
    return h(
        "div.scroll",
        { tabindex: 0, role: "group", "aria-label": text("train.classes") },
        h(
            "table",
            {},
            h(
                "thead",
                {},
                h(
                    "tr",
                    {},
                    ["train.class", "train.count", "train.found", "train.precise"].map((key) =>
                        h("th", { scope: "col" }, text(key)),
                    ),
                ),
            ),
            h(
                "tbody",
                {},
                report.classes.map((one) =>
                    h(
                        "tr",
                        {},
                        h("th", { scope: "row" }, one.name),
                        h("td", {}, String(one.takes)),
                        h("td", {}, share(one.recall)),
                        h("td", {}, share(one.precision)),
                    ),
                ),
            ),
        ),
    );
}
