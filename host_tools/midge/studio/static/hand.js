// SPDX-License-Identifier: MIT
// What the simulated hand that holds a practice board does.

import { choice, fill, h, show, text, textOf, whenOther } from "./dom.js";
import { act } from "./server.js";

/** A card for it, which is only there while a practice board is. onmove: told of a movement that was chosen; kinds: of
 * takes that matter where the card is. */
export function hand(onmove = () => {}, kinds = ["motion"]) {
    const element = h("section.card.hand", { hidden: true });
    let radios;
    const make = whenOther(([movements, kind]) => {
        radios = choice(
            text("hand.legend"),
            "hand",
            movements.map((name) => [name, kind === "motion" ? text(`hand.${name}`) : name]),
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
            const shown = bench.practice && kinds.includes(kind);
            show(element, Boolean(shown));
            if (!shown) return;
            make([bench.practice.movements, kind]);
            radios.set(bench.practice.movement);
        },
    };
}
