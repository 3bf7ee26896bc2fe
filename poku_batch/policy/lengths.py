"""How long the calls of a run last, as far as asking has told: a life table by age.

Ends are seen some time after they happened: each question tells only that a call went on, or ended,
between two ages. The table takes such intervals, those of calls that still go on among them, so
that the short calls, which end first, do not stand for all. It needs the same small memory whatever
it is told, and what was seen long ago fades.

Source: the actuarial estimate of the life table; E. L. Kaplan and P. Meier, "Nonparametric
Estimation from Incomplete Observations", Journal of the American Statistical Association 53, 1958,
section 3.
"""

import math
from collections.abc import Iterator

#: Each age class is so much longer than the one before it.
_GROWTH = 1.1

#: The first age class, in seconds, and how many classes there are: they reach beyond four hours.
_FIRST_S = 1.0
_CLASSES = 102

_EDGES_S = (0.0, *(_FIRST_S * _GROWTH**power for power in range(_CLASSES - 1)), math.inf)

#: An age class counts as if one call more had ended in it at the rate of all.
_PRIOR_ENDS = 1.0

#: After so many ends all counts are halved, so that the calls of this hour weigh more.
_REMEMBERED = 4_000.0

#: The weights are worked out anew after so many answers.
_REFRESHED_EVERY = 100


class Lengths:
    """What is known of the lengths of calls, and how closely each age wants to be watched.

    The weight of an age is the square root of the rate at which calls of that age end, in parts of
    the mean rate: questions in that proportion find the ends with the least mean delay for their
    number. Where nothing is known it is 1.
    Source: J. B. Keller, "Optimum Checking Schedules for Systems Subject to Random Failure",
    Management Science 21(3), 1974.
    """

    def __init__(self) -> None:
        """Know nothing."""
        self._ends = [0.0] * _CLASSES
        self._lived_s = [0.0] * _CLASSES
        self._all_ends = 0.0
        self._all_lived_s = 0.0
        self._weights = [1.0] * _CLASSES
        self._news = 0

    def went_on(self, from_s: float, to_s: float) -> None:
        """A call that went on at one age still goes on at a later one."""
        for index, part_s in _parts(from_s, to_s):
            self._lived_s[index] += part_s
        self._all_lived_s += max(to_s - from_s, 0.0)
        self._refresh()

    def ended(self, from_s: float, to_s: float) -> None:
        """A call that went on at one age has ended by a later one; when is not known."""
        whole_s = to_s - from_s
        if whole_s <= 0:
            return
        for index, part_s in _parts(from_s, to_s):
            self._ends[index] += part_s / whole_s
            self._lived_s[index] += part_s / 2
        self._all_ends += 1
        self._all_lived_s += whole_s / 2
        if self._all_ends >= _REMEMBERED:
            self._fade()
        self._refresh()

    def reach(self, age_s: float, amount: float, *, most_s: float) -> tuple[float, float]:
        """How long from an age on the weights take to come to ``amount`` (in weight × seconds).

        Gives the seconds, ``most_s`` at the most, and the weights' sum over them.
        """
        gone_s = come = 0.0
        index = _class_of(age_s)
        while True:
            weight = self._weights[index]
            part_s = min(_EDGES_S[index + 1] - age_s, most_s) - gone_s
            if come + weight * part_s >= amount:
                return gone_s + (amount - come) / weight, amount
            gone_s, come = gone_s + part_s, come + weight * part_s
            if gone_s >= most_s:
                return most_s, come
            index += 1

    def _refresh(self) -> None:
        self._news += 1
        if self._news < _REFRESHED_EVERY or not self._all_ends:
            return
        self._news = 0
        mean = self._all_ends / self._all_lived_s
        prior_s = _PRIOR_ENDS / mean
        self._weights = [
            math.sqrt((ends + _PRIOR_ENDS) / (lived_s + prior_s) / mean)
            for ends, lived_s in zip(self._ends, self._lived_s, strict=True)
        ]

    def _fade(self) -> None:
        self._ends = [ends / 2 for ends in self._ends]
        self._lived_s = [lived_s / 2 for lived_s in self._lived_s]
        self._all_ends /= 2
        self._all_lived_s /= 2


def _class_of(age_s: float) -> int:
    if age_s < _FIRST_S:
        return 0
    index = min(1 + int(math.log(age_s / _FIRST_S) / math.log(_GROWTH)), _CLASSES - 1)
    # The logarithm may round to the class beside it.
    if age_s >= _EDGES_S[index + 1]:
        return index + 1
    return index - 1 if age_s < _EDGES_S[index] else index


def _parts(from_s: float, to_s: float) -> Iterator[tuple[int, float]]:
    """The age classes between two ages, and how many seconds lie in each."""
    index = _class_of(from_s)
    while from_s < to_s:
        until_s = min(_EDGES_S[index + 1], to_s)
        yield index, until_s - from_s
        from_s, index = until_s, index + 1
