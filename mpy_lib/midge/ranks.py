# SPDX-License-Identifier: MIT
"""The scores of an answer in order, and by name: what Result.top and an index give."""


def top(result, k):
    """Return the k best classes as (label, score), the highest score first."""
    scores = result.scores
    order = sorted(range(len(scores)), key=lambda i: -scores[i])
    return [(result._name(i), scores[i]) for i in order[:k]]


def score(result, which):
    """Return the score of a class, named by its label or its position. Raises IndexError for what is none."""
    scores = result.scores
    if isinstance(which, str):
        for i in range(len(scores)):
            if result._name(i) == which:
                return scores[i]
        raise IndexError("no such label")
    return scores[which]
