// SPDX-License-Identifier: MIT
import { fill, h, terminal, text, whenOther } from "../dom.js";
import { ask, on } from "../server.js";
import { tiles } from "./train.js";

export function open(root, first) {
    const body = h("div.result");
    fill(
        root,
        body,
        terminal("midge train data -o models/wand.midge --html reports/wand.html", "midge inspect models/wand.midge"),
    );
    const load = async () => {
        const report = await ask("report");
        fill(
            body,
            report
                ? h(
                      "section.card",
                      {},
                      h("h2", {}, report.model),
                      tiles(report),
                      h("p", {}, text("report.about")),
                      h(
                          "div.row",
                          {},
                          h(
                              "a.button.main",
                              { href: "/report", download: report.model.replace(/midge$/, "html") },
                              text("report.page"),
                          ),
                          h("a.button", { href: "/model", download: report.model }, text("report.model")),
                      ),
                  )
                : h("p.hint", {}, text("train.none")),
            h(
                "section.card",
                {},
                h("h2", {}, text("report.folder")),
                h("p", {}, text("report.files")),
                h(
                    "pre",
                    { tabindex: 0, "aria-label": text("report.folder") },
                    [
                        first.project.folder,
                        "  data/LABEL/*.csv",
                        "  models/*.midge",
                        "  reports/*.html, *.json",
                        "  midge.toml",
                    ].join("\n"),
                ),
            ),
        );
    };
    const off = on("report", load);
    const reload = whenOther(load);
    return { close: off, update: ({ model }) => reload(model) };
}
