"""The committed documents are what the code says, and nobody who reads them is let down by a change."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from shared.bus.documents.writing import BreakingChangeError, generate, refuse_breaking_changes


def test_the_committed_documents_are_what_the_code_generates(documents: dict[str, str], published: Path) -> None:
    committed = {
        str(path.relative_to(published)): path.read_text() for path in published.rglob("*") if path.is_file()
    }

    different = sorted(name for name in {*documents, *committed} if documents.get(name) != committed.get(name))

    assert not different, f"run `make contracts` and commit docs/contracts; these differ: {', '.join(different)}"


def test_the_same_code_gives_the_same_documents(documents: dict[str, str], examples: dict[str, Any]) -> None:
    assert generate(dict(reversed(examples.items()))) == documents


def test_no_published_message_has_changed_for_those_who_use_it(documents: dict[str, str], published: Path) -> None:
    refuse_breaking_changes(published, documents)


def test_a_message_that_is_no_longer_there_is_refused(documents: dict[str, str], published: Path) -> None:
    rest = {name: text for name, text in documents.items() if name != "schemas/job.succeeded.v1.json"}

    with pytest.raises(BreakingChangeError, match=r"job\.succeeded\.v1: is no longer there"):
        refuse_breaking_changes(published, rest)


def test_a_breaking_change_is_not_written_and_says_what_to_do(tmp_path: Path, examples: dict[str, Any]) -> None:
    schema = json.loads(generate(examples)["schemas/job.started.v1.json"])
    schema["$defs"]["JobStarted"]["properties"]["started_by"] = {"type": "string"}
    earlier = tmp_path / "documents" / "schemas" / "job.started.v1.json"
    earlier.parent.mkdir(parents=True)
    earlier.write_text(json.dumps(schema))
    folder = tmp_path / "examples"
    folder.mkdir()
    for name, example in examples.items():
        (folder / f"{name}.json").write_text(json.dumps(example))

    command = [
        sys.executable,
        "-m",
        "shared.bus.documents",
        str(tmp_path / "documents"),
        "--examples",
        str(folder),
    ]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60)

    assert run.returncode == 1
    assert "job.started.v1: message.data.started_by was removed" in run.stderr
    assert "next version" in run.stderr
    assert [path.name for path in (tmp_path / "documents").rglob("*.json")] == ["job.started.v1.json"]


def test_links_between_the_pages_lead_somewhere(documents: dict[str, str]) -> None:
    pages = {name: text for name, text in documents.items() if name.endswith(".md")}
    anchors = {
        name: {re.sub(r"[^\w -]", "", line.lstrip("# ").lower()).replace(" ", "-") for line in headings(text)}
        for name, text in pages.items()
    }

    dead = [
        f"{name}: {target}"
        for name, text in pages.items()
        for target in re.findall(r"\]\(([^)]+)\)", text)
        if not leads_somewhere(target, name, documents, anchors)
    ]

    assert not dead


def test_no_python_leaks_into_the_documents(documents: dict[str, str]) -> None:
    leaking = [name for name, text in documents.items() if re.search(r":class:|``\w+``|<class |\bNone\b", text)]

    assert not leaking


def headings(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("#")]


def leads_somewhere(target: str, page: str, documents: dict[str, str], anchors: dict[str, set[str]]) -> bool:
    file, _, anchor = target.partition("#")
    file = file or page
    is_there = file in documents or any(name.startswith(f"{file}/") for name in documents)
    return is_there and (not anchor or anchor in anchors[file])
