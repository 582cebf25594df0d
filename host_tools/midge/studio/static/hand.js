// SPDX-License-Identifier: MIT
// What the simulated hand that holds a practice board does.

import { choice, fill, h, show, text, whenOther } from "./dom.js";
import { act } from "./server.js";

/** A card for it, which is only there while a practice board is; onmove: told of a movement that was chosen. */
export function hand(onmove = () => {}) {
    const element = h("section.card.hand", { hidden: true });
    let radios;
    const make = whenOther((movements) => {
        radios = choice(
            text("hand.legend"),
            "hand",
            movements.map((name) => [name, text(`hand.${name}`)]),
            "",
            async (name) => {
                await act("move", { movement: name });
                onmove(name);
            },
            true,
        );
        fill(element, h("h2", {}, text("hand.title")), h("p.hint", {}, text("hand.hint")), radios.element);
    });
    return {
        element,
        update: ({ bench }) => {
            show(element, Boolean(bench.practice));
            if (!bench.practice) return;
            make(bench.practice.movements);
            radios.set(bench.practice.movement);
        },
    };
}
