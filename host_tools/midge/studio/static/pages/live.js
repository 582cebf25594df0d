// SPDX-License-Identifier: MIT
import { choice, fill, h, say, show, terminal, text, textOf, whenOther } from "../dom.js";
import { Camera, Microphone } from "../devices.js";
import { hand } from "../hand.js";
import { Curves, picture } from "../plot.js";
import { act, ask, askQuietly, on, problem, see, send } from "../server.js";
import { announce } from "../app.js";

const SECONDS = 12,
    KEPT = 30;
const CODE = {
    motion: "model.stream(sensor, threshold=?)",
    sound: "midge.listen(mic, model, threshold=?)",
    picture: "if answer.score >= ?:",
};

export function open(root, first) {
    const { kind } = first;
    let state = first,
        where = "board",
        looking = null,
        curves = null,
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
    const go = h("button.main", { type: "button", onclick: () => start() }, textOf("live.go", kind));
    const end = h("button", { type: "button", hidden: true, onclick: () => stop() }, text("live.stop"));
    const places = choice(
        text("live.here"),
        "where",
        [
            ["board", text("live.where.board")],
            ["here", text("live.where.here")],
        ],
        where,
        (name) => {
            where = name;
            stop();
            update(state);
        },
    );
    const video = h("video.view", { muted: true, playsinline: true, hidden: true });
    const seen = h("div.seen", { hidden: true });
    const microphone = new Microphone(send);
    const camera = new Camera(video);
    const nearly = misses(() => Object.keys(state.labels));
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
    const simulated = hand(() => {}, ["motion", "sound"]);
    const past = h("section.card", { hidden: true }, h("h2", {}, text("live.log")), log);
    fill(
        root,
        h(
            "section.card.stage",
            {},
            h("div.row.between", {}, h("h2.only-read", {}, text("live.now")), answer, h("span.row", {}, go, end)),
            kind !== "motion" && places.element,
            need,
            h("div.looks", {}, video, seen, bars),
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
        nearly.element,
        terminal(...commands(kind)),
    );

    async function start() {
        if (where === "board") return act("listen");
        try {
            if (kind === "picture") {
                await camera.open();
                return look();
            }
            if (!microphone.on) await microphone.open();
            return act("here");
        } catch (error) {
            return problem(text(kind === "picture" ? "camera.fails" : "microphone.fails", { reason: error.message }));
        }
    }

    function stop() {
        looking = null;
        microphone.close();
        if (camera.on) camera.close();
        show(video, false);
        if (state.bench.live) act("leave");
        begin(state.bench.live);
    }

    /** Have this computer answer to the camera, picture after picture. */
    async function look() {
        const mine = (looking = {});
        show(video, true);
        for (let n = 0; looking === mine && camera.on; n++) {
            const found = await see(await camera.shoot(Math.max(state.settings.side, 96)));
            if (!found || looking !== mine) break;
            if (!n) begin({ labels: found.labels, where: "here", seen: [] });
            heard({ seconds: n / 4, ...found });
            await new Promise((done) => setTimeout(done, 250));
        }
        if (looking === mine) stop();
    }

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
        say(code, CODE[kind].replace("?", threshold.toFixed(2)));
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
        fill(seen);
        show(seen, Boolean(live.seen?.length));
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
        if (state.bench.live?.seen?.length) showSeen(state.bench.live.seen[Math.round(seconds) % state.bench.live.seen.length]);
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

    const pictures = {};

    /** Show what the practice board's camera saw, beside what the board said. */
    async function showSeen(name) {
        pictures[name] ||= askQuietly("take", { take: name });
        const { value } = await pictures[name];
        if (value) fill(seen, h("img.view", { src: value.image, alt: text("takes.picture", { label: value.label }) }));
    }

    function update(now) {
        state = now;
        const { bench, model } = now;
        if (!looking) begin(bench.live);
        simulated.update(now);
        nearly.update(now, where === "here");
        const opening = bench.busy === "live answers" && !bench.live;
        const ready = where === "here" ? model.there : Boolean(bench.port);
        go.disabled = !ready || opening;
        say(
            need,
            opening
                ? textOf("live.opening", kind)
                : where === "here"
                  ? text(model.there ? "live.here.hint" : "live.nomodel")
                  : !bench.port
                    ? text("deploy.noboard")
                    : !bench.live && !answered
                      ? bench.put || model.there
                          ? textOf("live.ready", kind)
                          : text("live.nomodel")
                      : "",
        );
        show(need, Boolean(need.textContent));
    }

    const offs = [on("heard", heard), on("report", load)];
    load();
    return {
        close() {
            offs.forEach((off) => off());
            nearly.close();
            curves?.close();
            looking = null;
            microphone.close();
            camera.close();
            act("leave");
        },
        update,
    };
}

function commands(kind) {
    if (kind === "sound") return ["midge sim --mic data/yes/yes-1.wav", "midge upload models/wand.midge"];
    if (kind === "picture") return ["midge sim --model models/wand.midge --camera data/cup"];
    return ["midge live wand.midge --plot"];
}

/** What was nearly answered, to be labelled. labels: what it may have been. */
function misses(labels) {
    const list = h("ul.misses");
    const element = h(
        "section.card",
        { hidden: true },
        h("h2", {}, text("live.misses")),
        h("p.hint", {}, text("live.misses.hint")),
        list,
    );
    async function load() {
        const found = (await ask("misses")) || [];
        fill(list, found.length ? found.map((one) => row(one)) : h("li.hint", {}, text("live.misses.none")));
    }
    function row(one) {
        const was = h("input", { type: "text", value: one.label, maxlength: 40, "aria-label": text("live.miss.was"), list: "names" });
        const give = async (label) => {
            if ((await act("keep-miss", { id: one.id, label })) && label) announce(text("live.miss.kept", { label }), true);
        };
        return h(
            "li",
            {},
            h("span.shape", {}, picture(one)),
            h("small", {}, text("live.miss.score", { label: one.label, score: one.score.toFixed(2) })),
            h("audio", { controls: true, preload: "none", src: `/api/miss?${new URLSearchParams({ id: one.id })}`, "aria-label": text("live.miss.play") }),
            h(
                "form.row",
                {
                    onsubmit: (event) => {
                        event.preventDefault();
                        give(was.value.trim());
                    },
                },
                was,
                h("button", { type: "submit" }, text("live.miss.keep")),
                h("button.quiet", { type: "button", onclick: () => give("") }, text("live.miss.drop")),
            ),
        );
    }
    const names = h("datalist", { id: "names" });
    element.append(names);
    const off = on("misses", load);
    const reload = whenOther((shown) => {
        show(element, shown);
        if (shown) load();
    });
    return {
        element,
        close: off,
        update: ({ kind }, here) => {
            fill(names, labels().map((name) => h("option", { value: name })));
            reload(kind === "sound" && here);
        },
    };
}
