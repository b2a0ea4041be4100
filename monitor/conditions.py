"""`when:` of targets and routes: what must hold of a mention.

Every key that is given must hold; of a list, one entry is enough. What is unknown about a mention (followers, rating,
language) satisfies no condition on it.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
}


class ConditionError(ValueError):
    """A condition that cannot be understood; the message says how to write it."""


@dataclass(frozen=True, slots=True)
class Traits:
    """What can be asked of one mention. `stars` run from 1 to 5, as people write them."""

    priority: str
    platform: str
    source: str
    kind: str
    language: str
    intents: frozenset[str] = frozenset()
    topics: frozenset[str] = frozenset()
    stars: float | None = None
    followers: int | None = None
    vip: bool = False
    owned: bool = False
    addressed: bool = False
    private: bool = False
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """`< 3`, `>= 10000`."""

    sign: str
    value: float

    def holds(self, known: float | None) -> bool:
        return known is not None and COMPARISONS[self.sign](known, self.value)


@dataclass(frozen=True, slots=True)
class Condition:
    """One `when:`; the empty one always holds."""

    any_of: Mapping[str, frozenset[str]] = field(default_factory=dict)  # trait: accepted values
    flags: Mapping[str, bool] = field(default_factory=dict)
    numbers: Mapping[str, Comparison] = field(default_factory=dict)

    def holds(self, traits: Traits) -> bool:
        return (
            all(_values(traits, name) & accepted for name, accepted in self.any_of.items())
            and all(getattr(traits, name) is wanted for name, wanted in self.flags.items())
            and all(comparison.holds(getattr(traits, name)) for name, comparison in self.numbers.items())
        )


def comparison(text: str) -> Comparison:
    """Read "<3" or ">= 10000". Raises `ConditionError`."""
    match = re.fullmatch(r"\s*(<=|>=|<|>|=)\s*(\d{1,12}(?:\.\d{1,6})?)\s*", text)
    if match is None:
        raise ConditionError(f"{text!r} is no comparison; write for example '<3' or '>=10000'")
    return Comparison(match[1], float(match[2]))


def stars(rating: float | None) -> float | None:
    """A rating of 0..1 as 1..5 stars."""
    return None if rating is None else 1 + 4 * rating


def _values(traits: Traits, name: str) -> frozenset[str]:
    value = getattr(traits, name)
    return value if isinstance(value, frozenset) else frozenset({value})
