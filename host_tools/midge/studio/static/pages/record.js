// SPDX-License-Identifier: MIT
import { choice, field, fill, h, say, show, terminal, text, whenOther } from "../dom.js";
import { hand } from "../hand.js";
import { Curves } from "../plot.js";
import { act, ask, bring, on } from "../server.js";
import { announce, undo } from "../app.js";
import { grid } from "../takes.js";

const SECONDS = 6;

export function open(root, first) {
    const quiet = (label) => first.quiet.includes(label) || /^(idle|rest|still|noise|none|unknown)$/.test(label);
    let state = first,
        chosen = "",
        curves = null,
        way = "",
        typed = false;

    const scene = h("div.scene");
    const status = h("p.status", { role: "status" });
    const count = h("input", {
        type: "number",
        min: 1,
        max: 100,
        step: 1,
        value: first.settings.count,
        required: true,
    });
    const seconds = h("input", {
        type: "number",
        min: 0.1,
        max: 600,
        step: 0.1,
        value: first.settings.seconds,
        required: true,
    });
    const label = h("input", {
        type: "text",
        required: true,
        maxlength: 40,
        list: "known",
        autocomplete: "off",
        spellcheck: "false",
        placeholder: text("record.example"),
        oninput: () => {
            typed = Boolean(label.value);
            ready();
        },
    });
    const known = h("datalist", { id: "known" });
    const ways = choice(
        text("record.start"),
        "way",
        [
            ["motion", text("record.motion")],
            ["countdown", text("record.countdown")],
        ],
        "",
        (value) => {
            way = value;
            ready();
        },
    );
    const go = h("button.main", { type: "submit" });
    const halt = h("button", { type: "button", hidden: true, onclick: () => act("halt") }, text("record.stop"));
    const simulated = hand((name) => {
        if (typed && label.value !== chosenByHand) return;
        label.value = chosenByHand = name;
        ready();
    });
    let chosenByHand = "";
    const starts = () => way || (quiet(label.value.trim()) ? "countdown" : "motion");

    function ready() {
        ways.set(starts());
        const n = Number(count.value) || 1;
        say(go, label.value.trim() ? text("record.go", { n, label: label.value.trim() }) : text("record.unnamed"));
    }
    count.addEventListener("input", ready);

    const form = h(
        "form.card.plan",
        {
            onsubmit: async (event) => {
                event.preventDefault();
                chosen = label.value.trim();
                await act("record", {
                    label: chosen,
                    count: Number(count.value),
                    seconds: Number(seconds.value),
                    countdown: starts() === "countdown" ? 3 : 0,
                    trigger: starts() === "motion",
                });
            },
        },
        h("h2", {}, text("record.plan")),
        field(text("record.label"), label, text("record.label.hint")),
        known,
        h("div.pair", {}, field(text("record.count"), count), field(text("record.seconds"), seconds)),
        ways.element,
        h("div.row", {}, go, halt),
    );

    const tabs = h("div.chips", { role: "group", "aria-label": text("record.labels") });
    const shelf = h("div.shelf");
    const undoing = h("button.quiet", { type: "button", onclick: undo }, text("undo"));
    const file = h("input", {
        type: "file",
        multiple: true,
        accept: ".csv,.txt,.tsv",
        hidden: true,
        onchange: async () => {
            const into = label.value.trim() || chosen;
            for (const one of file.files) {
                const done = await bring(one, into);
                if (!done) break;
                announce(text("record.brought", { name: one.name, label: into }));
                chosen = into;
            }
            file.value = "";
            list();
        },
    });
    const bringing = h(
        "button.quiet",
        {
            type: "button",
            onclick: () => {
                if (label.value.trim() || chosen) file.click();
                else {
                    label.focus();
                    announce(text("record.name.first"));
                }
            },
        },
        text("record.bring"),
    );
    const sensor = settings(first);
    fill(
        root,
        h("section.card.stage", {}, scene, status),
        h("div.columns.first-last", {}, h("div", {}, form, sensor), simulated.element),
        h(
            "section.card",
            {},
            h("div.row.between", {}, h("h2", {}, text("record.takes")), h("span.row", {}, undoing, bringing, file)),
            tabs,
            shelf,
        ),
        terminal(
            "midge capture --label circle --count 5 --seconds 2 --trigger motion",
            "midge capture --label idle --count 5 --seconds 2",
            "midge cut-takes data/gesture/uncut/*.csv --seconds 2",
        ),
    );

    async function list() {
        const labels = Object.keys(state.labels);
        if (!labels.includes(chosen) && !(state.bench.taking && chosen)) chosen = labels[0] || "";
        const wanted = chosen;
        const takes = (labels.includes(wanted) && (await ask("takes", { label: wanted }))) || [];
        if (wanted !== chosen) return;
        fill(
            tabs,
            labels.map((name) =>
                h(
                    "button.chip",
                    {
                        type: "button",
                        "aria-pressed": String(name === chosen),
                        onclick: () => {
                            chosen = name;
                            label.value = name;
                            typed = true;
                            ready();
                            list();
                        },
                    },
                    name,
                    h("small", {}, String(state.labels[name])),
                ),
            ),
        );
        fill(
            shelf,
            takes.length
                ? grid(
                      takes.map((take) => take.take),
                      labels,
                  )
                : h("p.hint", {}, text("record.empty")),
        );
    }

    const scenery = whenOther(([source, port, resting]) => {
        curves?.close();
        curves = null;
        if (source) {
            curves = new Curves(
                source.columns,
                source.rate_hz,
                SECONDS,
                null,
                text("record.plot", { sensor: source.name }),
            );
            fill(
                scene,
                h(
                    "div.row.between",
                    {},
                    h("h2", {}, source.name),
                    h(
                        "span.hint",
                        {},
                        text("record.source", { hz: source.rate_hz, unit: [...new Set(source.units)].join(", ") }),
                    ),
                ),
                curves.element,
            );
        } else {
            fill(
                scene,
                h(
                    "div.empty",
                    {},
                    h("p", {}, text(!port ? "record.noboard" : resting ? "record.resting" : "record.opening")),
                    !port
                        ? h("a", { href: "#/board" }, text("record.toboard"))
                        : resting && h("button", { type: "button", onclick: wake }, text("record.wake")),
                ),
            );
        }
    });
    const relist = whenOther(() => list());
    const options = whenOther((labels) =>
        fill(
            known,
            labels.map((name) => h("option", { value: name })),
        ),
    );

    function taking(now) {
        root.dataset.phase = now ? now.phase : "";
        show(halt, Boolean(now));
        show(go, !now);
        if (!now) {
            say(status, "");
            return;
        }
        const values = {
            n: now.count,
            take: Math.min(now.done + 1, now.count),
            label: now.label,
            left: Math.ceil(now.left || 0),
        };
        say(
            status,
            text(
                now.phase === "countdown" ? "record.in" : now.phase === "recording" ? "record.now" : "record.when",
                values,
            ),
        );
    }

    const offs = [
        on("samples", ({ rows }) => curves?.add(rows)),
        on("taking", (message) => taking(message.taking)),
        on("takes", () => list()),
    ];
    // The sensor is woken by itself, until that went wrong once: then by a button.
    let waking = false,
        tired = false,
        knownError = first.error?.number;
    async function wake() {
        waking = true;
        tired = (await act("watch")) === undefined;
        waking = false;
        scenery([state.bench.sensor, state.bench.port, tired]);
    }
    ready();

    return {
        close() {
            offs.forEach((off) => off());
            curves?.close();
            act("leave");
        },
        update(now) {
            state = now;
            const { bench } = now;
            taking(bench.taking);
            simulated.update(now);
            if (bench.practice && !typed && !label.value) {
                label.value = chosenByHand = bench.practice.movement;
                ready();
            }
            options(Object.keys(now.labels));
            relist(now.labels);
            show(undoing, now.undo);
            go.disabled = !bench.port;
            if (now.error && now.error.number !== knownError) {
                knownError = now.error.number;
                tired = true;
            }
            tired = tired && !bench.sensor;
            scenery([bench.sensor, bench.port, tired]);
            if (bench.port && !bench.busy && !tired && !waking) wake();
        },
    };
}

function settings({ settings: now }) {
    const inputs = {
        rate_hz: h("input", { type: "number", min: 1, max: 2000, step: "any", value: now.rate_hz }),
        accel_g: h("input", { type: "number", min: 1, max: 200, step: "any", value: now.accel_g }),
        gyro_dps: h("input", { type: "number", min: 0, max: 4000, step: "any", value: now.gyro_dps }),
        person: h("input", { type: "text", maxlength: 60, value: now.person, autocomplete: "off" }),
        bus: h("input", { type: "text", maxlength: 60, value: now.bus, autocomplete: "off", spellcheck: "false" }),
    };
    return h(
        "details.card",
        {},
        h("summary", {}, text("record.sensor")),
        h(
            "form",
            {
                onsubmit: async (event) => {
                    event.preventDefault();
                    const given = Object.fromEntries(
                        Object.entries(inputs).map(([name, input]) => [
                            name,
                            input.type === "number" ? Number(input.value) : input.value,
                        ]),
                    );
                    if (await act("settings", given)) {
                        await act("leave");
                        announce(text("record.set"));
                    }
                },
            },
            Object.entries(inputs).map(([name, input]) =>
                field(text(`record.${name}`), input, text(`record.${name}.hint`)),
            ),
            h("div.row", {}, h("button", { type: "submit" }, text("record.keep"))),
        ),
    );
}
