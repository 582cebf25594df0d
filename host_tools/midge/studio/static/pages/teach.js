// SPDX-License-Identifier: MIT
// The board's own learner: a network is put there, and names are taught, tried, forgotten and saved.
import { bar, field, fill, h, say, show, terminal, text, whenOther } from "../dom.js";
import { hand } from "../hand.js";
import { Curves } from "../plot.js";
import { act, on } from "../server.js";

const SECONDS = 6;

export function open(root, first) {
    let state = first,
        curves = null;
    const wish = (what, more = {}) => act("learner", { what, ...more });

    const network = h("select", {});
    const make = h("button", { type: "button", onclick: () => act("embed") }, text("teach.make"));
    const open = h(
        "button.main",
        { type: "button", onclick: () => act("open-learner", { model: network.value }) },
        text("teach.open"),
    );
    const close = h("button", { type: "button", onclick: () => act("leave") }, text("teach.close"));
    const need = h("p.hint", { role: "status" });
    const progress = bar(text("board.progress"));
    const going = h("div.going", { hidden: true }, progress.element);
    const chosen = whenOther((names) => {
        const before = network.value;
        fill(
            network,
            names.map((name) => h("option", { value: name }, name)),
        );
        network.value = names.includes(before) ? before : (names[0] ?? "");
    });

    const scene = h("div.scene");
    const answer = h("p.answer.none", { "aria-live": "polite" }, text("live.none"));
    const status = h("p.status", { role: "status" });
    const label = h("input", {
        type: "text",
        required: true,
        maxlength: 40,
        autocomplete: "off",
        spellcheck: "false",
        placeholder: text("teach.example"),
        oninput: () => ready(),
    });
    const times = h("input", { type: "number", min: 1, max: 20, step: 1, value: 5, required: true, oninput: () => ready() });
    const go = h("button.main", { type: "submit" });
    const trying = h("button", { type: "button", onclick: () => wish("answer") }, text("teach.try"));
    const stop = h("button", { type: "button", onclick: () => wish("stop") }, text("teach.stop"));
    const known = h("ul.known");
    const save = h("button.main", { type: "button", onclick: () => wish("save") }, text("teach.save"));
    const push = h("button.quiet", { type: "button", onclick: () => wish("push") }, text("teach.push"));
    const saved = h("small");
    let byHand = "";
    const simulated = hand((name) => {
        // What is typed meanwhile, or was before, stays.
        if (document.activeElement === label || (label.value && label.value !== byHand)) return;
        label.value = byHand = name;
        ready();
    }, ["motion", "sound", "picture"]);
    const lesson = h(
        "div.result",
        { hidden: true },
        h("section.card.stage", {}, h("h2.only-read", {}, text("teach.answer")), answer, scene, status),
        h(
            "div.columns.first-last",
            {},
            h(
                "form.card",
                {
                    onsubmit: (event) => {
                        event.preventDefault();
                        wish("teach", { label: label.value.trim(), times: Number(times.value) });
                    },
                },
                h("h2", {}, text("teach.what")),
                h("div.pair", {}, field(text("teach.label"), label), field(text("teach.times"), times)),
                h("div.row", {}, go, trying, stop),
            ),
            simulated.element,
        ),
        h(
            "section.card",
            {},
            h("h2", {}, text("teach.known")),
            known,
            h("p.hint", {}, text("teach.save.hint")),
            h("div.row", {}, save, push, saved),
        ),
    );
    fill(
        root,
        h(
            "section.card",
            {},
            field(text("teach.network"), network, text("teach.network.hint")),
            need,
            h("div.row", {}, open, close, make),
            h("p.hint", {}, text("teach.make.hint")),
            going,
        ),
        lesson,
        terminal(
            first.kind === "picture"
                ? `midge train data -o models/moves-learn.midge --embedding --camera ${first.settings.camera}`
                : "midge train data -o models/moves-learn.midge --embedding",
            "midge upload models/moves-learn.midge",
            "midge learner pull moves-learn -o models/moves-learn.taught",
        ),
    );

    function ready() {
        const name = label.value.trim(),
            n = Number(times.value) || 1;
        say(go, name ? text("teach.go", { n, label: name }) : text("teach.unnamed"));
    }

    const list = whenOther((counts) => {
        const names = Object.keys(counts);
        fill(
            known,
            names.map((name) =>
                h(
                    "li",
                    {},
                    h("b", {}, name),
                    h("span", {}, text("teach.examples", { n: counts[name] })),
                    h(
                        "span.row",
                        {},
                        h(
                            "button.quiet",
                            {
                                type: "button",
                                "aria-label": text("teach.back", { label: name }),
                                onclick: () => wish("untrain", { label: name }),
                            },
                            text("teach.takeback"),
                        ),
                        h(
                            "button.quiet.danger",
                            {
                                type: "button",
                                "aria-label": text("teach.forget", { label: name }),
                                onclick: () => wish("forget", { label: name }),
                            },
                            text("teach.forgets"),
                        ),
                    ),
                ),
            ),
            !names.length && h("li.hint", {}, text("teach.nothing")),
        );
    });
    const scenery = whenOther((source) => {
        curves?.close();
        curves = source
            ? new Curves(
                  source.columns,
                  source.shown_hz,
                  SECONDS,
                  null,
                  text("record.plot", { sensor: source.name }),
              )
            : null;
        fill(scene, curves?.element);
    });
    const offs = [
        on("samples", ({ rows }) => curves?.add(rows)),
        on("learned", (said) => {
            say(answer, said.label);
            answer.classList.remove("none");
        }),
        on("progress", ({ done, count }) => progress.set(done, count)),
        on("training", ({ progress: now }) => now && progress.set(now.done, now.count)),
    ];
    ready();
    return {
        close() {
            offs.forEach((off) => off());
            curves?.close();
            act("leave");
        },
        update(now) {
            state = now;
            const { bench, embeddings, lessons } = state;
            const { learner } = bench;
            const opening = bench.busy === "the learner" && !learner;
            chosen(embeddings);
            scenery(learner && bench.sensor);
            simulated.update(now);
            show(lesson, Boolean(learner));
            show(open, !learner);
            show(close, Boolean(learner));
            network.disabled = Boolean(learner) || opening;
            open.disabled = !bench.port || !embeddings.length || opening;
            make.disabled = lessons.busy || Boolean(learner);
            show(going, opening || lessons.busy);
            say(
                need,
                opening
                    ? text("teach.opening")
                    : !embeddings.length
                      ? text("teach.none")
                      : !bench.port
                        ? text("teach.noboard")
                        : "",
            );
            if (!learner) return;
            list(learner.counts);
            const known = Object.keys(learner.counts).length > 0;
            const { of } = learner;
            show(stop, Boolean(learner.doing));
            show(trying, !learner.doing);
            trying.disabled = save.disabled = !known;
            show(push, learner.copy);
            say(saved, !known ? "" : text(learner.saved ? "teach.saved" : "teach.unsaved"));
            root.dataset.phase = learner.doing === "teach" ? "recording" : "";
            say(
                status,
                learner.doing === "teach"
                    ? text(`teach.waiting.${of}`, { label: learner.label, left: learner.left })
                    : text(learner.doing === "answer" ? `teach.trying.${of}` : "teach.resting"),
            );
        },
    };
}
