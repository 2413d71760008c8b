"""A conformance case as data: which endpoint answers what, in which order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tests.simulator.answer import Answer
from tests.simulator.limits import Limit
from tests.simulator.rules import Rule

if TYPE_CHECKING:
    from tests.simulator.simulator import Simulator

#: Makes the answer to one call.
Recipe = Callable[["Call"], Answer]


@dataclass(frozen=True, kw_only=True)
class Case:
    """What a key of this case meets.

    Args:
        id: As in the key; a row of the conformance table (``t9``), or one of its variants (``t9-402``).
        story: What happens, in one line.
        answers: Endpoint -> its answers in order; the last one repeats. ``any`` = every endpoint not named;
            ``download`` and ``subtitles`` = the addresses of result files.
        limits: Endpoint -> limit of the key there.
        region: Of a MiniMax key: ``international``, ``china``, ``none`` (valid nowhere).
    """

    id: str
    story: str
    answers: Mapping[str, tuple[Recipe, ...]] = field(default_factory=dict)
    limits: Mapping[str, Limit] = field(default_factory=dict)
    region: str = "international"


def case(
    name: str,
    story: str,
    *,
    limits: Mapping[str, Limit] | None = None,
    region: str = "international",
    **answers: Recipe | Sequence[Recipe],
) -> Case:
    """Write a row of a table: ``case("t8", "no balance", chat=business(1008))``."""
    in_order = {name: tuple(given) if isinstance(given, Sequence) else (given,) for name, given in answers.items()}
    return Case(id=name.lower(), story=story, answers=in_order, limits=limits or {}, region=region)


def table(*groups: Case | Iterable[Case]) -> dict[str, Case]:
    """Join rows and groups of rows into a table by id.

    Raises:
        ValueError: An id is there twice.
    """
    cases: dict[str, Case] = {}
    for group in groups:
        for row in [group] if isinstance(group, Case) else group:
            if row.id in cases:
                raise ValueError(f"two cases have the id {row.id}")
            cases[row.id] = row
    return cases


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One thing a provider can be asked.

    Args:
        name: As in the tables of cases.
        path: ``{name}`` stands for a part without a slash.
        usual: Its answer when the case says nothing else.
        body: Rule of the JSON body; ``None`` = no body may come.
        query: Rules of the parameters of the address; a parameter not named is a violation.
        needed: The parameters that must be there.
        resource: Name of the path or query part that has a sequence of answers of its own, such as a task id.
        check: Faults that no rule of one field can see.
        style: How the endpoint tells errors, where a provider has more than one way.
    """

    name: str
    method: str
    path: str
    usual: Recipe
    body: Rule | None = None
    query: Mapping[str, Rule] = field(default_factory=dict)
    needed: tuple[str, ...] = ()
    resource: str | None = None
    check: Callable[[Call], Iterator[str]] | None = None
    style: str = ""


@dataclass(frozen=True, kw_only=True)
class Vendor:
    """A provider as the simulator plays it.

    Args:
        base_path: What the base URL of a client ends with; the endpoints have their whole path.
        auth: Faults in how the key was sent, and the key.
        unknown_key: Its answer to a key that is not one of the simulator's.
        limited: Its answer when a limit of the case is passed; gets ``rate`` or ``concurrency``.
        wrong_region: Its answer to a key of another region.
    """

    name: str
    base_path: str
    endpoints: tuple[Endpoint, ...]
    cases: Mapping[str, Case]
    auth: Callable[[Mapping[str, list[str]]], tuple[list[str], str | None]]
    unknown_key: Recipe
    limited: Callable[[Call, str], Answer]
    wrong_region: Recipe | None = None
    key_may_be_missing: bool = False


@dataclass(kw_only=True)
class Call:
    """What a recipe knows of a request. ``number`` counts the calls of this key to this endpoint, from 1; the
    first of them came at ``first_at``.
    """

    simulator: Simulator
    vendor: Vendor
    endpoint: Endpoint
    host: str
    parts: Mapping[str, str]
    query: Mapping[str, str]
    json: Any
    key: str
    case: Case
    once: bool
    first_at: datetime
    number: int = 1

    def usual(self) -> Answer:
        """The answer of a provider that is well."""
        return self.endpoint.usual(self)

    def publish(self, name: str, answer: Answer, *, lives_s: float, kind: str = "download") -> str:
        """Put a result file behind an address."""
        return self.simulator.files.publish(
            name, answer, lives_s=lives_s, kind=kind, key=self.key, case=self.case.id, once=self.once,
            provider=self.vendor.name,
        )  # fmt: skip
