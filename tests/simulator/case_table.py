"""The tables of cases as one table to read."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from tests.simulator.case import Vendor

#: Letters of the conformance table, in its order; the rest follows.
_SECTIONS = {"k": "Keys", "t": "Text", "i": "Images", "v": "Voice", "m": "Music", "x": "Everywhere", "": "More"}
#: Families with a row for every code of a provider; one line stands for each.
_FAMILIES = {
    "code-": "every error code of the provider, in the way of the endpoint; `code-<code>-old` and `-new` where an "
    "error has two shapes",
    "type-": "every type of error of the newer MiniMax paths, without a code in the message",
    "http-": "an HTTP status without any code",
}


def written(vendors: Iterable[Vendor]) -> str:
    """Markdown: case, providers, what happens; a section for each letter of the conformance table."""
    rows: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for vendor in vendors:
        for row in vendor.cases.values():
            family = next((begin for begin in _FAMILIES if row.id.startswith(begin)), None)
            name, story = (f"{family}…", _FAMILIES[family]) if family else (row.id, row.story)
            if vendor.name not in rows[name][story]:
                rows[name][story].append(vendor.name)
    return "\n\n".join(_section(letter, title, rows) for letter, title in _SECTIONS.items())


def _section(letter: str, title: str, rows: dict[str, dict[str, list[str]]]) -> str:
    names = sorted((name for name in rows if _letter(name) == letter), key=_order)
    lines = [
        f"| `{name}` | {', '.join(providers)} | {story} |"
        for name in names
        for story, providers in rows[name].items()
    ]
    return "\n".join([f"### {title}", "", "| case | providers | what happens |", "|---|---|---|", *lines])


def _letter(name: str) -> str:
    return name[0] if re.match(r"[ktivmx]\d", name) else ""


def _order(name: str) -> tuple[int, str]:
    number = re.match(r"[a-z](\d+)", name)
    return int(number[1]) if number else 0, name
