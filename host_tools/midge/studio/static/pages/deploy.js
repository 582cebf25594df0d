// SPDX-License-Identifier: MIT
import { bar, fill, h, say, show, terminal, text, whenOther } from "../dom.js";
import { act, ask, on } from "../server.js";

export function open(root) {
    const model = h("div"),
        target = h("div");
    const go = h("button.main", { type: "button", onclick: () => act("put") }, text("deploy.go"));
    const progress = bar(text("deploy.progress"));
    const doing = h("p", { role: "status" });
    const going = h("div.going", { hidden: true }, doing, progress.element);
    const done = h("section.card.good", { hidden: true });
    const script = h("section.card", { hidden: true });
    const next = h("p.next", { hidden: true }, h("a.button.main", { href: "#/live" }, text("deploy.next")));
    fill(
        root,
        h(
            "section.card",
            {},
            h(
                "dl.facts",
                {},
                h("div", {}, h("dt", {}, text("deploy.model")), h("dd", {}, model)),
                h("div", {}, h("dt", {}, text("deploy.board")), h("dd", {}, target)),
            ),
            h("div.row", {}, go),
            going,
        ),
        done,
        script,
        next,
        terminal("midge upload models/wand.midge", "midge verify models/wand.midge"),
    );

    const off = on("progress", ({ what, done: at, count }) => {
        say(doing, what);
        progress.set(at, count);
    });
    const result = whenOther(async ([put, settings]) => {
        show(done, Boolean(put));
        show(next, Boolean(put));
        show(script, Boolean(put));
        if (!put) return;
        fill(
            done,
            h("h2", {}, text("deploy.done")),
            h(
                "ul.checks",
                {},
                h(
                    "li",
                    {},
                    put.unchanged
                        ? text("deploy.unchanged")
                        : text("deploy.sent", { bytes: put.bytes.toLocaleString("en"), s: put.seconds }),
                ),
                h("li", {}, text("deploy.same", { n: put.runs, bytes: put.compared })),
                h("li", {}, text("deploy.time", { ms: (put.microseconds / 1000).toFixed(2) })),
            ),
        );
        const report = await ask("report");
        const code = program(put.model, report?.rate_hz ?? settings.rate_hz, settings);
        fill(
            script,
            h("h2", {}, text("deploy.script")),
            h("p.hint", {}, text("deploy.script.hint")),
            h("pre", { tabindex: 0, "aria-label": text("deploy.script") }, code),
        );
    });
    const about = whenOther(async ([found, port, places]) => {
        const report = found.report ? await ask("report") : null;
        fill(
            model,
            found.there
                ? [
                      h("b", {}, found.name),
                      report &&
                          h("small", {}, ` ${report.flash_bytes.toLocaleString("en")} B: ${report.labels.join(", ")}`),
                  ]
                : [text("deploy.nomodel"), " ", h("a", { href: "#/train" }, text("deploy.totrain"))],
        );
        const place = (places || []).find((one) => one.port === port);
        fill(
            target,
            port
                ? [h("b", {}, place ? place.runs : port), h("small", {}, ` ${port}`)]
                : [text("deploy.noboard"), " ", h("a", { href: "#/board" }, text("record.toboard"))],
        );
    });

    return {
        close: off,
        update({ bench, model: found, settings }) {
            const busy = bench.busy === "putting the model on the board";
            about([found, bench.port, bench.found]);
            show(going, busy);
            if (busy && !bench.progress) {
                say(doing, text("deploy.begins"));
                progress.set(0, 0);
            }
            go.disabled = Boolean(bench.busy && busy) || !found.there || !bench.port;
            result([bench.put, settings]);
        },
    };
}

/** A program for the board: its sensor has to run as it did in the takes. */
function program(model, rate, { accel_g, gyro_dps }) {
    const name = model.replace(/\.midge$/, "").replaceAll("-", "_");
    const sensor = `I2C(0), rate_hz=${rate}, accel_g=${accel_g}, gyro_dps=${gyro_dps || "None"}`;
    return [
        "import midge",
        "from machine import I2C",
        "from midge import sensors",
        "",
        `${name} = midge.load("${model}")`,
        `for answer in ${name}.stream(sensors.find(${sensor})):`,
        "    print(answer.label, answer.score)",
    ].join("\n");
}
