// SPDX-License-Identifier: MIT
// What the simulated hand that holds a practice board does.

import { choice, fill, h, show, text, textOf, whenOther } from "./dom.js";
import { act } from "./server.js";

/** A card for it, which is only there while a practice board is. onmove: told of a movement that was chosen; listens:
 * whether the board's microphone matters where the card is. */
export function hand(onmove = () => {}, listens = false) {
    const element = h("section.card.hand", { hidden: true });
    let radios;
    const make = whenOther(([movements, kind]) => {
        radios = choice(
            text("hand.legend"),
            "hand",
            movements.map((name) => [name, kind === "sound" ? name : text(`hand.${name}`)]),
            "",
            async (name) => {
                await act("move", { movement: name });
                onmove(name);
            },
            true,
        );
        fill(
            element,
            h("h2", {}, textOf("hand.title", kind)),
            h("p.hint", {}, textOf("hand.hint", kind)),
            radios.element,
        );
    });
    return {
        element,
        update: ({ bench, kind }) => {
            const shown = bench.practice && (kind === "motion" || (kind === "sound" && listens));
            show(element, Boolean(shown));
            if (!shown) return;
            make([bench.practice.movements, kind]);
            radios.set(bench.practice.movement);
        },
    };
}
