// SPDX-License-Identifier: MIT
import { bar, fill, h, say, show, terminal, text, textOf, whenOther } from "../dom.js";
import { act, ask, on } from "../server.js";

export function open(root, { kind }) {
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
        const code = programs[kind](put.model, report, settings);
        fill(
            script,
            h("h2", {}, text("deploy.script")),
            h("p.hint", {}, textOf("deploy.script.hint", kind)),
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

const named = (model) => model.replace(/\.midge$/, "").replaceAll("-", "_");

/** Programs for the board, by what the model is of. A sensor has to run as it did in the takes. */
const programs = {
    motion(model, report, { rate_hz, accel_g, gyro_dps }) {
        const rate = report?.rate_hz ?? rate_hz;
        const sensor = `I2C(0), rate_hz=${rate}, accel_g=${accel_g}, gyro_dps=${gyro_dps || "None"}`;
        return [
            "import midge",
            "from machine import I2C",
            "from midge import sensors",
            "",
            `${named(model)} = midge.load("${model}")`,
            `for answer in ${named(model)}.stream(sensors.find(${sensor})):`,
            "    print(answer.label, answer.score)",
        ].join("\n");
    },
    sound(model, report, { mic }) {
        const [id, ...pins] = mic.split(",");
        const wires = pins.map((pin) => pin.replace(/=(\w+)/, (all, name) => `=Pin(${/^\d/.test(name) ? name : `"${name}"`})`));
        return [
            "import midge",
            "from machine import Pin",
            "from i2s_microphone import I2SMicrophone",
            "",
            `mic = I2SMicrophone(${[id, ...wires].join(", ")})`,
            `${named(model)} = midge.load("${model}")`,
            `for heard in midge.listen(mic, ${named(model)}):`,
            "    print(heard.label, heard.score)",
        ].join("\n");
    },
    picture(model, report, { camera }) {
        const [format, size] = camera.split(",");
        return [
            "import midge",
            "from file_camera import FileCamera",
            "",
            `camera = FileCamera("camera.bin", "${format}", ${size.replace("x", ", ")})`,
            `${named(model)} = midge.load("${model}")`,
            `for answer in midge.watch(${named(model)}, camera):`,
            "    print(answer.label, answer.score)",
        ].join("\n");
    },
};
