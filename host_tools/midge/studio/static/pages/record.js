// SPDX-License-Identifier: MIT
import { choice, field, fill, h, say, show, terminal, text, whenOther } from "../dom.js";
import { hand } from "../hand.js";
import { act, askQuietly, bring, on } from "../server.js";
import { announce, undo } from "../app.js";
import { joining, seeing, sensing, sources } from "../stage.js";
import { grid } from "../takes.js";

const WAYS = { motion: ["trigger", "countdown", "pauses"], sound: ["trigger", "countdown", "pauses"], picture: [] };
const ENDS = { motion: ".csv,.txt,.tsv", sound: ".wav,.flac,.ogg,.mp3", picture: ".jpg,.jpeg,.png,.bmp,.webp" };
const BETWEEN_MS = 250; // two pictures

export function open(root, first) {
    const { kind } = first;
    const quiet = (label) =>
        first.quiet.includes(label) ||
        /^(idle|rest|still|noise|none|nothing|unknown|silence|background|other)$/.test(label);
    let state = first,
        chosen = "",
        way = "",
        shooting = null,
        typed = false;

    const stage = kind === "picture" ? seeing() : sensing(first);
    const from = sources();
    const phone = joining();
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
        placeholder: text(`record.example.${kind}`),
        oninput: () => {
            typed = Boolean(label.value);
            ready();
        },
    });
    const known = h("datalist", { id: "known" });
    const ways = choice(
        text("record.start"),
        "way",
        WAYS[kind].map((name) => [name, text(`record.${name}.${kind}`)]),
        "",
        (value) => {
            way = value;
            ready();
        },
    );
    const go = h("button.main", { type: "submit" });
    const halt = h("button", { type: "button", hidden: true, onclick: halting }, text("record.stop"));
    const simulated = hand((name) => {
        if (typed && label.value !== chosenByHand) return;
        label.value = chosenByHand = name;
        ready();
    });
    let chosenByHand = "";
    const starts = () => way || (quiet(label.value.trim()) ? "countdown" : "trigger");

    function ready() {
        ways.set(starts());
        const n = Number(count.value) || 1;
        const name = label.value.trim();
        const words = kind === "picture" ? "record.shoot" : starts() === "pauses" ? "record.on" : "record.go";
        say(go, name ? text(words, { n, label: name }) : text("record.unnamed"));
        go.disabled = !stage.ready();
    }
    stage.whenReady?.(ready);

    function halting() {
        if (shooting) shooting.over = true;
        else act("halt");
    }

    /** Take pictures one after the other, as long as nobody stops it. */
    async function shoot() {
        const mine = (shooting = { over: false }),
            into = chosen;
        const n = Number(count.value),
            side = state.settings.side;
        for (let taken = 0; taken < n && !mine.over; taken++) {
            taking({ phase: "recording", count: n, done: taken, label: into });
            const name = `${into}-${new Date().toISOString().replace(/[-:]|\..*/g, "")}.jpg`;
            const picture = await stage.shoot(side);
            if (!(await bring(picture, into, name))) break;
            await new Promise((done) => setTimeout(done, BETWEEN_MS));
        }
        shooting = null;
        taking(null);
    }
    count.addEventListener("input", ready);

    const form = h(
        "form.card.plan",
        {
            onsubmit: async (event) => {
                event.preventDefault();
                chosen = label.value.trim();
                if (kind === "picture") {
                    await act("settings", { count: Number(count.value) });
                    await shoot();
                    return;
                }
                await act("record", {
                    label: chosen,
                    count: Number(count.value),
                    seconds: Number(seconds.value),
                    countdown: starts() === "countdown" ? 3 : 0,
                    way: starts(),
                });
            },
        },
        h("h2", {}, text("record.plan")),
        field(text(`record.label.${kind}`), label, text(`record.label.hint.${kind}`)),
        known,
        h(
            "div.pair",
            {},
            field(text(`record.count.${kind}`), count),
            kind !== "picture" && field(text("record.seconds"), seconds),
        ),
        kind !== "picture" && ways.element,
        h("div.row", {}, go, halt),
    );

    const tabs = h("div.chips", { role: "group", "aria-label": text("record.labels") });
    const shelf = h("div.shelf");
    const undoing = h("button.quiet", { type: "button", onclick: undo }, text("undo"));
    const file = h("input", {
        type: "file",
        multiple: true,
        accept: ENDS[kind],
        hidden: true,
        onchange: async () => {
            await takeIn([...file.files]);
            file.value = "";
        },
    });
    async function takeIn(files) {
        const into = label.value.trim() || chosen;
        if (!into) {
            label.focus();
            announce(text("record.name.first"));
            return;
        }
        let last = null,
            brought = 0;
        for (const one of files) {
            if (!(await bring(one, into))) break;
            last = one.name;
            brought++;
        }
        chosen = into;
        if (brought) announce(text("record.brought", { n: brought, name: last, label: into }));
        list();
    }
    root.addEventListener("dragover", (event) => event.preventDefault());
    root.addEventListener("drop", (event) => {
        event.preventDefault();
        if (event.dataTransfer.files.length) takeIn([...event.dataTransfer.files]);
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
        h("section.card.stage", {}, from.element, stage.element, status),
        h("div.columns.first-last", {}, h("div", {}, form, phone.element, sensor), simulated.element),
        h(
            "section.card",
            {},
            h("div.row.between", {}, h("h2", {}, text("record.takes")), h("span.row", {}, undoing, bringing, file)),
            tabs,
            shelf,
        ),
        terminal(...commands(kind)),
    );

    let listings = 0;
    const buttons = () => [...shelf.querySelectorAll("button")];

    /** Show the takes of the chosen name. What is shown of before can be neither played nor changed from the moment on
     * that it may be another name's, or gone; of two lists that come the one that was asked for last stays. */
    async function list() {
        const mine = ++listings;
        const labels = Object.keys(state.labels);
        if (!labels.includes(chosen) && !((state.bench.taking || shooting) && chosen)) chosen = labels[0] || "";
        const wanted = chosen;
        const focused = buttons().indexOf(document.activeElement);
        shelf.inert = true;
        shelf.setAttribute("aria-busy", "true");
        showNames(labels);
        const some = async (start) => (await askQuietly("takes", { label: wanted, start, count: 120 })).value;
        const found = (labels.includes(wanted) && (await some(0))) || { count: 0, takes: [] };
        if (mine !== listings) return;
        fill(
            shelf,
            found.count
                ? grid(found.takes, labels, {}, {
                      count: found.count,
                      more: async (start) => (await some(start))?.takes || [],
                  })
                : h("p.hint", {}, text("record.empty")),
        );
        shelf.inert = false;
        shelf.removeAttribute("aria-busy");
        if (focused >= 0) buttons()[focused]?.focus({ preventScroll: true });
    }

    /** The names, of which one is chosen. */
    function showNames(labels) {
        const focused = tabs.contains(document.activeElement);
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
        if (focused) tabs.querySelector("[aria-pressed=true]")?.focus();
    }

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
            done: now.done,
            take: now.count ? Math.min(now.done + 1, now.count) : now.done + 1,
            label: now.label,
            left: Math.ceil(now.left || 0),
        };
        say(
            status,
            text(
                !now.count
                    ? "record.going"
                    : now.phase === "countdown"
                      ? "record.in"
                      : now.phase === "recording"
                        ? `record.now.${kind}`
                        : `record.when.${kind}`,
                values,
            ),
        );
    }

    const offs = [
        on("taking", (message) => taking(message.taking)),
        on("takes", () => list()),
    ];
    ready();

    return {
        close() {
            offs.forEach((off) => off());
            if (shooting) shooting.over = true;
            else if (kind === "sound") act("halt"); // its microphone goes with the page
            stage.close();
        },
        update(now) {
            state = now;
            const { bench } = now;
            if (!shooting) taking(bench.taking);
            simulated.update(now);
            if (bench.practice && kind === "motion" && !typed && !label.value)
                label.value = chosenByHand = bench.practice.movement;
            options(Object.keys(now.labels));
            relist(now.labels);
            show(undoing, now.undo);
            from.update(now);
            phone.update(now);
            stage.update(now);
            ready();
        },
    };
}

function commands(kind) {
    if (kind === "motion")
        return [
            "midge capture --label circle --count 5 --seconds 2 --trigger motion",
            "midge capture --label idle --count 5 --seconds 2",
            "midge cut-takes data/gesture/uncut/*.csv --seconds 2",
        ];
    if (kind === "sound") return ["mkdir -p data/yes", "arecord -f S16_LE -r 16000 -d 1 data/yes/yes-ann-1.wav"];
    return ["mkdir -p data/cup", "cp holiday/cup*.jpg data/cup/"];
}

const SETTINGS = {
    motion: ["rate_hz", "accel_g", "gyro_dps", "person", "bus"],
    sound: ["person", "mic"],
    picture: ["side", "eye"],
};

function settings({ kind, settings: now }) {
    const number = (name, min, max) => h("input", { type: "number", min, max, step: "any", value: now[name] });
    const words = (name, spellcheck) =>
        h("input", { type: "text", maxlength: 60, value: now[name], autocomplete: "off", spellcheck });
    const all = {
        rate_hz: () => number("rate_hz", 1, 2000),
        accel_g: () => number("accel_g", 1, 200),
        gyro_dps: () => number("gyro_dps", 0, 4000),
        side: () => number("side", 16, 480),
        person: () => words("person", "true"),
        bus: () => words("bus", "false"),
        eye: () => words("eye", "false"),
        mic: () => words("mic", "false"),
    };
    const inputs = Object.fromEntries(SETTINGS[kind].map((name) => [name, all[name]()]));
    return h(
        "details.card",
        {},
        h("summary", {}, text(`record.sensor.${kind}`)),
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
                        if (kind !== "picture") await act("leave");
                        announce(text(`record.set.${kind}`));
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
