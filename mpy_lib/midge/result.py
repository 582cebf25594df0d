# SPDX-License-Identifier: MIT
"""What a call of a model, a stream and a learner answer; programs that use run() alone do without."""


class Result:
    """The answer of one run: .label, .score and .scores of the first output, and all .outputs as lists of floats.

    .label belongs to the highest score, whose position is .index; a model without labels gives the index instead.
    .answer is, in a stream of every window, the Result of the answer that is due now, or None.
    """

    def __init__(self, model, scores):
        self._model = model
        self.scores = scores

    def __getattr__(self, name):
        """Compute what is asked for the first time: a call costs no more than what is used of its answer."""
        if name == "label":
            value = self.label = self._name(self.index)
        elif name == "index" or name == "score":
            scores = self.scores
            best = self.score = max(scores)  # NaN only where it comes first
            self.index = scores.index(best) if best == best else 0
            value = best if name == "score" else self.index
        elif name == "outputs":
            value = self.outputs = [self.scores]  # and whoever makes a Result appends what else there is
        elif name == "answer":
            value = self.answer = None
        else:
            raise AttributeError(name)
        return value

    def _name(self, index):
        return self._model.label(index)

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


def _answers(model):
    """Return the class of what a model answers; tell the model where one input and one output are all."""
    if model._n_outputs == 4 and "boxes.classes" in model._core.metadata():
        from .boxes import Found

        return Found
    if model._n_inputs == model._n_outputs == 1:
        model._single = 1
    return Result
