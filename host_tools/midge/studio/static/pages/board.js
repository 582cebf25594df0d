// SPDX-License-Identifier: MIT
import { bar, fill, h, say, show, terminal, text, whenOther } from "../dom.js";
import { hand } from "../hand.js";
import { act, on } from "../server.js";

const KINDS = {
    motion: "M3 12h3l2-6 4 12 3-9 2 3h4",
    sound: "M4 10v4m4-8v12m4-15v18m4-14v10m4-7v4",
    picture: "M4 8h4l2-3h4l2 3h4v11H4zM12 10a3.5 3.5 0 1 0 .01 0",
};

/** What a project is of; it stays so once there are takes. */
function kinds(kind, fixed) {
    return h(
        "fieldset.kinds",
        {},
        h("legend", {}, text("board.kind")),
        Object.entries(KINDS).map(([name, path]) => {
            const radio = h("input", {
                type: "radio",
                name: "kind",
                disabled: fixed && name !== kind,
                onchange: () => act("settings", { kind: name }),
            });
            radio.checked = name === kind;
            return h(
                "label.kind",
                {},
                radio,
                h("svg.icon", { viewBox: "0 0 24 24", "aria-hidden": "true" }, h("path", { d: path })),
                h("span", {}, h("b", {}, text(`board.kind.${name}`)), h("small", {}, text(`board.kind.${name}.hint`))),
            );
        }),
        fixed && h("p.hint", {}, text("board.kind.fixed")),
    );
}

export function open(root, first) {
    const which = h("section.card");
    const choose = whenOther(([kind, fixed]) => fill(which, kinds(kind, fixed)));
    const found = h("div.boards");
    const look = h("button", { type: "button", onclick: () => act("look") }, text("board.look"));
    const practise = h("button.main", { type: "button", onclick: () => act("practice") }, text("board.practise"));
    const end = h("button.quiet", { type: "button", onclick: () => act("end-practice") }, text("board.end"));
    const progress = bar(text("board.progress"));
    const doing = h("p", { role: "status" });
    const going = h("div.going", { hidden: true }, doing, progress.element);
    const simulated = hand();
    const next = h("p.next", { hidden: true }, h("a.button.main", { href: "#/record" }, text("board.next")));
    fill(
        root,
        which,
        h("section.card", {}, h("h2", {}, text("board.here")), found, going, h("div.row", {}, look)),
        h(
            "section.card",
            {},
            h("h2", {}, text("board.none")),
            h("p", {}, text("board.simulated"), " ", text(`board.simulated.${first.kind}`)),
            h("div.row", {}, practise, end),
        ),
        simulated.element,
        next,
        terminal("midge boards", "midge install", "midge sim --sensor RECORDING.csv"),
    );

    const list = whenOther(([places, port, busy]) => {
        if (places === null) fill(found, h("p.hint", {}, text("board.unknown")));
        else if (!places.length) fill(found, h("p", {}, text("board.nothing")));
        else {
            fill(
                found,
                h(
                    "fieldset.places",
                    {},
                    h("legend.only-read", {}, text("board.choose")),
                    places.map((place) => {
                        const radio = h("input", {
                            type: "radio",
                            name: "port",
                            disabled: busy,
                            onchange: () => act("choose", { port: place.port }),
                        });
                        radio.checked = place.port === port;
                        const bare = place.midge !== undefined && !place.midge.startsWith("Midge");
                        return h(
                            "div.place",
                            {},
                            h(
                                "label",
                                {},
                                radio,
                                h(
                                    "span",
                                    {},
                                    h("b", {}, place.runs),
                                    place.practice && h("span.tag", {}, text("board.tag")),
                                    h(
                                        "small",
                                        {},
                                        [
                                            place.port,
                                            place.midge,
                                            place.free_ram_bytes &&
                                                text("board.free", {
                                                    bytes: place.free_ram_bytes.toLocaleString("en"),
                                                }),
                                        ]
                                            .filter(Boolean)
                                            .join(" · "),
                                    ),
                                ),
                            ),
                            bare &&
                                place.port === port &&
                                h(
                                    "button",
                                    { type: "button", disabled: busy, onclick: () => act("install") },
                                    text("board.install"),
                                ),
                        );
                    }),
                ),
            );
        }
    });
    const off = on("progress", ({ what, done, count }) => {
        say(doing, what);
        progress.set(done, count);
    });
    let looked = false;

    return {
        close: off,
        update(state) {
            const { bench } = state;
            choose([state.kind, Object.keys(state.labels).length > 0]);
            const busy = Boolean(bench.busy) && !["the sensor", "live answers"].includes(bench.busy);
            list([bench.found, bench.port, busy]);
            show(going, busy);
            if (busy && !bench.progress) {
                say(doing, text("board.busy", { what: bench.busy }));
                progress.set(0, 0);
            }
            look.disabled = practise.disabled = busy;
            show(practise, !bench.practice);
            show(end, Boolean(bench.practice));
            show(next, (Boolean(bench.port) || state.kind !== "motion") && !busy);
            simulated.update(state);
            if (bench.found === null && !busy && !looked) {
                looked = true;
                act("look");
            }
        },
    };
}
