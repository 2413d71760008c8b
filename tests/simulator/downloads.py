"""Rows for providers that answer with the address of a picture: everything an address can lead to."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from tests.simulator.answer import Answer, bytes_answer
from tests.simulator.case import Call, Case, Recipe, case
from tests.simulator.everywhere import answer_of, broken, delivered, half, nothing, page, redirected, usual
from tests.simulator.fixtures import pictures

#: What an address must not point to, by name of the variant; ``{port}`` is a port that is being watched.
REFUSED_ADDRESSES = {
    "loopback": "http://127.0.0.2:{port}/picture.jpeg",
    "loopback-number": "http://2130706434:{port}/picture.jpeg",
    "loopback-mapped": "http://[::ffff:127.0.0.2]:{port}/picture.jpeg",
    "loopback6": "http://[::1]:{port}/picture.jpeg",
    "localhost": "https://localhost:{port}/picture.jpeg",
    "metadata": "http://169.254.169.254/latest/meta-data/",
    "private": "http://10.0.0.1/picture.jpeg",
    "private6": "https://[fd00::1]/picture.jpeg",
    "linklocal6": "https://[fe80::1]/picture.jpeg",
    "zero": "http://0.0.0.0:{port}/picture.jpeg",
    "file": "file:///etc/passwd",
    "ftp": "ftp://127.0.0.2:{port}/picture.jpeg",
    "data": "data:image/png;base64,iVBORw0KGgo=",
    # For a resolver that tests give the client: this name is to lead to 127.0.0.2.
    "dns": "https://internal.simulator.example:{port}/picture.jpeg",
    "credentials": "https://user:word@127.0.0.2:{port}/picture.jpeg",
    "empty": "",
    "nonsense": "not an address",
}
_REDIRECTED = ("loopback", "metadata", "private", "file", "dns")
MOST_REDIRECTS = 3


def refused_address(call: Call, variant: str) -> str:
    port = urlsplit(call.simulator.url("refused")).port
    return REFUSED_ADDRESSES[variant].format(port=port)


def file_with(body: Callable[[], bytes], media_type: str) -> Recipe:
    """Another file than the usual one, and what it says it is."""
    return lambda _: bytes_answer(body(), media_type)


def hops(count: int) -> Recipe:
    """The file behind so many redirects."""

    def recipe(call: Call) -> Answer:
        hop = int(call.query.get("hop", "0"))
        if hop >= count:
            return call.usual()
        signature, expires = call.query["Signature"], call.query.get("Expires", "")
        location = f"{call.endpoint.path}?Expires={expires}&Signature={signature}&hop={hop + 1}"
        return Answer(status=302, headers={"Location": location})

    return recipe


def with_address(image: Callable[[str], Recipe]) -> Iterator[Case]:
    """Rows whose answer holds a given address; ``image`` makes an answer around one."""
    for variant in REFUSED_ADDRESSES:
        yield case(
            f"i15-{variant}", f"the address is {REFUSED_ADDRESSES[variant] or 'empty'}", image=image(variant)
        )
    yield case("i15", "the address is on loopback", image=image("loopback"))


def picture_downloads() -> Iterator[Case]:
    """Rows about the file behind the address."""
    yield case("i7", "the file is not there", download=nothing(404))
    yield case("i11", "a web page that says it is a JPEG", download=_typed(page(200, "Sign in"), "image/jpeg"))
    yield case("i11-empty", "an empty file", download=file_with(lambda: b"", "image/jpeg"))
    error = answer_of({"error": {"code": "NoSuchKey"}})
    yield case("i11-json", "a JSON error that says it is a JPEG", download=_typed(error, "image/jpeg"))
    yield case("i12", "1024x1024, whatever was asked", download=file_with(_square, "image/jpeg"))
    for name, kind in (("i13", "png"), ("i13-webp", "webp")):
        really = file_with(functools.partial(pictures.picture, kind), "image/jpeg")
        yield case(name, f"a {kind} that says it is a JPEG", download=really)
    yield case("i13-animated", "an animated WebP", download=file_with(pictures.animated, "image/webp"))
    gif = file_with(lambda: pictures.animated("gif"), "image/gif")
    yield case("i13-gif", "an animated GIF", download=gif)
    yield case("i13-cmyk", "a CMYK JPEG", download=file_with(pictures.cmyk_jpeg, "image/jpeg"))
    yield case("i13-cut", "a JPEG that ends too early", download=file_with(_cut_jpeg, "image/jpeg"))
    for variant in _REDIRECTED:
        yield case(f"i15-to-{variant}", f"a redirect to {REFUSED_ADDRESSES[variant]}", download=_to(variant))
    yield case("i17", "everything is well; the journal tells what the download carried")
    yield from _troubled_downloads()


def _troubled_downloads() -> Iterator[Case]:
    yield case("download-503", "the file host is down", download=nothing(503))
    yield case("download-cut", "the file ends at half", download=broken(cut_after=half))
    yield case("download-reset", "the connection of the file is reset at half", download=broken(reset_after=half))
    yield case("download-stall", "the file stops at half", download=broken(stall_after=half))
    yield case("download-drip", "the file comes in packets of 1000 bytes", download=delivered(piece_bytes=1000))
    yield case("download-held", "the file's headers never come", download=delivered(hold_s=float("inf")))
    yield case("download-open", "chunks without the last one", download=delivered(chunked=True, end_chunks=False))
    changed = file_with(lambda: pictures.picture("jpeg", 640, 360), "image/jpeg")
    yield case("download-changed", "the second fetch gives another file", download=[usual, changed])
    first = file_with(lambda: b"", "image/jpeg")
    yield case("download-late", "empty at first, the file afterwards", download=[first, usual])
    yield case("download-endless", "1 GiB of zeros", download=_endless)
    for count in (MOST_REDIRECTS, MOST_REDIRECTS + 1):
        yield case(f"redirects-{count}", f"the file behind {count} redirects", download=hops(count))
    yield case("redirect-caught", "the file host sends the client to a refused host", download=redirected(302))


def _typed(recipe: Recipe, media_type: str) -> Recipe:
    return lambda call: recipe(call).with_headers(Content_Type=media_type)


def _to(variant: str) -> Recipe:
    return lambda call: Answer(status=302, headers={"Location": refused_address(call, variant)})


def _square() -> bytes:
    return pictures.picture("jpeg", 1024, 1024)


def _cut_jpeg() -> bytes:
    whole = pictures.picture("jpeg")
    return whole[: len(whole) // 2]


def _endless(_: Call) -> Answer:
    block, count = bytes(1 << 16), 1 << 14
    answer = bytes_answer(b"", "image/jpeg")
    return dataclasses.replace(answer, body=lambda: (block for _ in range(count)), size=len(block) * count)
