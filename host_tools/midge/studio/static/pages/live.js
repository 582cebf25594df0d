// SPDX-License-Identifier: MIT
import { fill, h, say, show, terminal, text, whenOther } from "../dom.js";
import { hand } from "../hand.js";
import { Curves } from "../plot.js";
import { act, ask, on } from "../server.js";

const SECONDS = 12,
    KEPT = 30;

export function open(root, first) {
    let curves = null,
        threshold = 0.8,
        report = null,
        labels = [],
        rows = [],
        last = null,
        answered = false;
    const answer = h("p.answer.none", { "aria-live": "polite" }, text("live.none"));
    const bars = h("div.scores");
    const scene = h("div.scene");
    const log = h("ol.log", { "aria-label": text("live.log"), reversed: true });
    const go = h("button.main", { type: "button", onclick: () => act("listen") }, text("live.go"));
    const end = h("button", { type: "button", hidden: true, onclick: () => act("leave") }, text("live.stop"));
    const slider = h("input", {
        type: "range",
        min: 0.4,
        max: 0.99,
        step: 0.01,
        id: "threshold",
        oninput: () => decide(),
    });
    const means = h("p.hint", { "aria-live": "polite" });
    const shown = h("output", { for: "threshold" });
    const code = h("pre", { tabindex: 0, "aria-label": text("live.code") });
    const need = h("p.hint");
    const simulated = hand();
    const past = h("section.card", { hidden: true }, h("h2", {}, text("live.log")), log);
    fill(
        root,
        h(
            "section.card.stage",
            {},
            h("div.row.between", {}, h("h2.only-read", {}, text("live.now")), answer, h("span.row", {}, go, end)),
            need,
            bars,
            scene,
        ),
        h(
            "div.columns",
            {},
            h(
                "section.card",
                {},
                h("h2", {}, text("live.threshold")),
                h("div.slide", {}, h("label", { for: "threshold" }, text("live.from")), slider, shown),
                means,
                code,
            ),
            h("div", {}, simulated.element, past),
        ),
        terminal("midge live wand.midge --plot"),
    );

    function decide() {
        threshold = Number(slider.value);
        say(shown, threshold.toFixed(2));
        const row = report?.thresholds?.find((one) => Math.abs(one.threshold - threshold) < 0.004);
        say(
            means,
            row
                ? text("live.means", { found: Math.round(100 * row.found), n: Math.round(row.false_per_hour_made) })
                : text("live.unknown"),
        );
        say(code, `model.stream(sensor, threshold=${threshold.toFixed(2)})`);
        if (curves) {
            curves.line = threshold;
            curves.draw();
        }
    }

    async function load() {
        report = await ask("report");
        slider.value = report?.threshold ?? 0.8;
        decide();
    }

    const begin = whenOther((live) => {
        show(end, Boolean(live));
        show(go, !live);
        if (!live) return;
        labels = live.labels;
        curves?.close();
        curves = null;
        last = null;
        fill(scene);
        rows = labels.map((label) => {
            const meter = h("span.fill");
            const value = h("span.value", {}, "0.00");
            return {
                meter,
                value,
                element: h(
                    "div.score",
                    {},
                    h("span.name", {}, label),
                    h("span.track", { "aria-hidden": "true" }, meter),
                    value,
                ),
            };
        });
        fill(
            bars,
            rows.map((row) => row.element),
        );
    });

    /** Curves as fast as the windows come, which the first two tell. */
    function draw(seconds, scores) {
        if (!curves && last !== null && seconds > last) {
            curves = new Curves(labels, 1 / (seconds - last), SECONDS, [0, 1], text("live.plot"));
            curves.line = threshold;
            fill(scene, curves.element);
        }
        last = seconds;
        curves?.add([scores]);
    }

    function heard({ seconds, scores, answer: said, label }) {
        if (rows.length !== scores.length) return;
        draw(seconds, scores);
        scores.forEach((score, i) => {
            rows[i].meter.style.transform = `scaleX(${score.toFixed(3)})`;
            rows[i].meter.classList.toggle("best", labels[i] === label);
            say(rows[i].value, score.toFixed(2));
        });
        if (!said) return;
        const best = scores[labels.indexOf(said)];
        say(answer, said);
        answer.classList.remove("none");
        show(past, true);
        const time = new Date().toLocaleTimeString("en", { hour12: false });
        log.prepend(h("li", {}, h("time", {}, time), h("b", {}, said), h("span", {}, best.toFixed(2))));
        while (log.children.length > KEPT) log.lastChild.remove();
        answered = true;
    }

    const offs = [on("heard", heard), on("report", load)];
    load();
    return {
        close() {
            offs.forEach((off) => off());
            curves?.close();
            act("leave");
        },
        update({ bench, model }) {
            begin(bench.live);
            simulated.update({ bench });
            const opening = bench.busy === "live answers" && !bench.live;
            go.disabled = !bench.port || opening;
            say(
                need,
                opening
                    ? text("live.opening")
                    : !bench.port
                      ? text("deploy.noboard")
                      : !bench.live && !answered
                        ? bench.put || model.there
                            ? text("live.ready")
                            : text("live.nomodel")
                        : "",
            );
            show(need, Boolean(need.textContent));
        },
    };
}
