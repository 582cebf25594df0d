# SPDX-License-Identifier: MIT
"""What a call of a model, a stream and a learner answer; programs that use run() alone do without."""


class Result:
    """The answer of one run: .label, .score and .scores of the first output, and all .outputs as lists of floats.

    .label belongs to the highest score, whose position is .index; a model without labels gives the index instead.
    .answer is, in a stream of every window, the Result of the answer that is due now, or None.
    """

    def __init__(self, model, outputs):
        scores = outputs[0]
        best = 0
        for i, score in enumerate(scores):
            if score > scores[best]:
                best = i
        self.index = best
        self._name = model.label
        self.label = model.label(best)
        self.score = scores[best]
        self.scores = scores
        self.outputs = outputs
        self.answer = None

    def __repr__(self):
        return "<Result %s %.4g>" % (self.label, self.score)

    def top(self, k=3):
        """Return the k best classes as (label, score), the highest score first."""
        scores = self.scores
        order = sorted(range(len(scores)), key=lambda i: -scores[i])
        return [(self._name(i), scores[i]) for i in order[:k]]

    def __getitem__(self, which):
        """Return the score of a class, named by its label or its position. Raises IndexError for what is none."""
        scores = self.scores
        if isinstance(which, str):
            for i in range(len(scores)):
                if self._name(i) == which:
                    return scores[i]
            raise IndexError("no such label")
        return scores[which]
