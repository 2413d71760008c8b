"""Results are fetched from public places only, without a key, and are what they must be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.content.domain.provider_errors import ProviderError, ProviderErrorReason
from services.content.providers.http.call import Call
from services.content.providers.http.downloads import Downloads
from services.content.providers.http.guard import Guard, RefusedAddressError
from services.content.providers.http.magic import PICTURES, FileKind
from services.content.providers.http.transport import Request, Transport
from shared.errors import TaskCancelledError
from tests.simulator.downloads import REFUSED_ADDRESSES
from tests.simulator.simulator import Simulator

MakeCall = Callable[..., Call]


def made(simulator: Simulator, transport: Transport, call: Call) -> str:
    """The address of a picture."""
    request = Request(
        method="POST",
        url=simulator.base_url("minimax") + "/v1/image_generation",
        headers={"Authorization": f"Bearer {call.key}"},
        body={"model": "image-01", "prompt": "Rain", "response_format": "url"},
    )
    answer: Any = transport.send(request, call, "minimax").json()
    return str(answer["data"]["image_urls"][0])


@pytest.fixture(name="fetch")
def _fetch(simulator: Simulator, transport: Transport, downloads: Downloads, call: MakeCall, tmp_path: Path):
    def fetch(case: str, **more: Any) -> FileKind:
        one = call("minimax", case)
        url = made(simulator, transport, one)
        return downloads.fetch(url, tmp_path / "picture", PICTURES, one, "minimax", **more)

    return fetch


@pytest.mark.parametrize(
    ("case", "kind"),
    [
        ("i1", FileKind.JPEG),
        ("i13", FileKind.PNG),
        ("i13-webp", FileKind.WEBP),
        ("redirects-3", FileKind.JPEG),
        ("download-late", FileKind.JPEG),
        ("download-drip", FileKind.JPEG),
    ],
)
def test_the_kind_is_told_by_the_bytes(fetch: Callable[..., FileKind], case: str, kind: FileKind) -> None:
    assert fetch(case) is kind


def test_a_download_carries_no_key(simulator: Simulator, fetch: Callable[..., FileKind]) -> None:
    fetch("i17")
    [exchange] = simulator.journal.exchanges(host="downloads")
    names = {name.lower() for name, _ in exchange.headers}
    assert not names & {"authorization", "xi-api-key", "x-api-key", "cookie"}


@pytest.mark.parametrize(
    ("case", "tries"),
    [
        ("i7", 3),
        ("i11", 3),
        ("i11-empty", 3),
        ("i11-json", 3),
        ("download-503", 3),
        ("download-cut", 3),
        ("download-reset", 3),
        ("download-open", 3),
        ("redirects-4", 4),
        ("redirect-caught", 1),
    ],
)
def test_what_cannot_be_fetched_is_tried_apart_from_what_made_it(
    simulator: Simulator, fetch: Callable[..., FileKind], tmp_path: Path, case: str, tries: int
) -> None:
    with pytest.raises(ProviderError) as caught:
        fetch(case)
    assert caught.value.reason is ProviderErrorReason.DOWNLOAD_FAILED
    assert caught.value.maybe_charged
    assert len(simulator.journal.exchanges(endpoint="image")) == 1
    assert len(simulator.journal.exchanges(host="downloads")) == tries
    assert not (tmp_path / "picture").exists()


def test_a_file_beyond_its_cap_is_given_up_at_once(simulator: Simulator, fetch: Callable[..., FileKind]) -> None:
    with pytest.raises(ProviderError):
        fetch("download-endless", max_bytes=200_000)
    [exchange] = simulator.journal.exchanges(host="downloads")
    assert exchange.sent_bytes < 50_000_000


@pytest.mark.parametrize("case", [f"i15-{name}" for name in REFUSED_ADDRESSES])
def test_no_request_goes_to_an_inner_address(
    simulator: Simulator, fetch: Callable[..., FileKind], case: str
) -> None:
    """The simulator counts any request to the refused host as a violation, which fails the test at its end."""
    with pytest.raises(ProviderError):
        fetch(case)
    assert simulator.journal.exchanges(host="downloads") == []


@pytest.mark.parametrize("name", ["loopback", "metadata", "private", "file", "dns"])
def test_a_redirect_to_an_inner_address_is_not_followed(
    simulator: Simulator, fetch: Callable[..., FileKind], name: str
) -> None:
    with pytest.raises(ProviderError):
        fetch(f"i15-to-{name}")
    assert len(simulator.journal.exchanges(host="downloads")) == 1


def test_a_download_ends_when_its_call_is_cancelled(
    simulator: Simulator, transport: Transport, downloads: Downloads, call: MakeCall, tmp_path: Path, started: Any
) -> None:
    one = call("minimax", "download-held")
    url = made(simulator, transport, one)
    simulator.clock.run(0)

    def cancel() -> None:
        simulator.journal.wait_for(lambda all_: any(one.host == "downloads" for one in all_))
        one.cancelled.set()

    started(cancel)
    with pytest.raises(TaskCancelledError):
        downloads.fetch(url, tmp_path / "picture", PICTURES, one, "minimax")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.1",
        "224.0.0.1", "240.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fd00::1", "ff02::1",
        "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "fd00:ec2::254", "nonsense",
    ],
)  # fmt: skip
def test_a_name_that_leads_inside_is_refused(address: str) -> None:
    with pytest.raises(RefusedAddressError):
        Guard(resolve=lambda *_: ["93.184.216.34", address]).check("https://files.example/picture.jpeg")


def test_the_address_that_was_checked_is_the_one_that_is_used() -> None:
    """A second look-up could be answered otherwise."""
    answers = iter([["93.184.216.34"], ["127.0.0.1"]])
    destination = Guard(resolve=lambda *_: next(answers)).check("http://files.example/picture.jpeg?a=1")
    assert destination.addresses == ("93.184.216.34",)
    assert (destination.scheme, destination.port, destination.path) == ("https", 443, "/picture.jpeg?a=1")
