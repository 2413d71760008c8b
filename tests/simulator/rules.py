"""What a request may look like: rules for JSON values that name every fault and where it is.

A field that no rule names is a fault, a wrong type is a fault, a value out of range is a fault.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol


class Rule(Protocol):
    """Checks one value; ``at`` is its place, such as ``body.messages[0].role``."""

    def faults(self, value: object, at: str) -> Iterator[str]: ...


@dataclass(frozen=True)
class Text:
    """A string of so many characters that matches a pattern as a whole."""

    least: int = 0
    most: int | None = None
    pattern: str | None = None

    def faults(self, value: object, at: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield _wrong_type(value, at, "a string")
        elif len(value) < self.least:
            yield f"{at} has {len(value)} characters; at least {self.least} are needed"
        elif self.most is not None and len(value) > self.most:
            yield f"{at} has {len(value)} characters; at most {self.most} are allowed"
        elif self.pattern is not None and not re.fullmatch(self.pattern, value, re.DOTALL):
            yield f"{at} is {value[:80]!r}; it must match {self.pattern}"


@dataclass(frozen=True)
class Whole:
    """An integer in a range; ``true`` is not one."""

    least: float = float("-inf")
    most: float = float("inf")
    step: int = 1

    def faults(self, value: object, at: str) -> Iterator[str]:
        if not isinstance(value, int) or isinstance(value, bool):
            yield _wrong_type(value, at, "an integer")
        elif not self.least <= value <= self.most:
            yield f"{at} is {value}; it must be {self.least} to {self.most}"
        elif value % self.step:
            yield f"{at} is {value}; it must be a multiple of {self.step}"


@dataclass(frozen=True)
class Real:
    """A number in a range; ``above`` is a bound that is not allowed itself."""

    least: float = float("-inf")
    most: float = float("inf")
    above: float = float("-inf")

    def faults(self, value: object, at: str) -> Iterator[str]:
        if not isinstance(value, int | float) or isinstance(value, bool):
            yield _wrong_type(value, at, "a number")
        elif not self.least <= value <= self.most or value <= self.above:
            yield f"{at} is {value}; it must be {max(self.least, self.above)} to {self.most}"


@dataclass(frozen=True)
class Flag:
    def faults(self, value: object, at: str) -> Iterator[str]:
        if not isinstance(value, bool):
            yield _wrong_type(value, at, "true or false")


@dataclass(frozen=True)
class OneOf:
    """One of a few values; 1 is not ``true``."""

    values: tuple[object, ...]

    def faults(self, value: object, at: str) -> Iterator[str]:
        if not any(value == known and type(value) is type(known) for known in self.values):
            yield f"{at} is {value!r}; it must be one of {', '.join(map(repr, self.values))}"


@dataclass(frozen=True)
class ListOf:
    rule: Rule
    least: int = 0
    most: int | None = None

    def faults(self, value: object, at: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield _wrong_type(value, at, "a list")
            return
        if len(value) < self.least or (self.most is not None and len(value) > self.most):
            yield f"{at} has {len(value)} entries; it must have {self.least} to {self.most or 'any number'}"
        for index, entry in enumerate(value):
            yield from self.rule.faults(entry, f"{at}[{index}]")


@dataclass(frozen=True)
class Shape:
    """An object with exactly these fields; the first group must be there."""

    required: Mapping[str, Rule] = field(default_factory=dict)
    optional: Mapping[str, Rule] = field(default_factory=dict)

    def faults(self, value: object, at: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield _wrong_type(value, at, "an object")
            return
        for name in self.required.keys() - value.keys():
            yield f"{at}.{name} is missing"
        rules = {**self.required, **self.optional}
        for name, entry in value.items():
            if name not in rules:
                yield f"unknown field {at}.{name}"
            else:
                yield from rules[name].faults(entry, f"{at}.{name}")


@dataclass(frozen=True)
class Anything:
    """An object whose inside is not the provider's business, such as a JSON schema."""

    def faults(self, value: object, at: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield _wrong_type(value, at, "an object")


def one_of(*values: object) -> OneOf:
    return OneOf(values)


def _wrong_type(value: object, at: str, wanted: str) -> str:
    return f"{at} is {type(value).__name__}; it must be {wanted}"
