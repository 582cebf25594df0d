// SPDX-License-Identifier: MIT
// Qstrs that no source file mentions.
