"""Result files behind addresses: signed, for a time, without keys, and in trouble when a case says so."""

from __future__ import annotations

import io
import tarfile

import pytest
from PIL import Image

from tests.simulator.fixtures.shelf import fixture


def _address(client, case: str = "i1") -> str:
    return client.ask("minimax", "image", case).json["data"]["image_urls"][0]


def test_a_picture_is_behind_its_address(simulator, client):
    reply = client.fetch(_address(client))
    assert reply.body == fixture("picture.jpeg")
    assert reply.headers["content-type"] == "image/jpeg"
    assert simulator.journal.violations() == []


@pytest.mark.parametrize("name", ["Authorization", "xi-api-key", "Cookie", "X-Other"])
def test_a_key_that_is_shown_to_the_file_host_is_a_violation(simulator, client, name):
    address = _address(client)
    key = next(iter(simulator.keys_seen()))
    assert client.fetch(address, **{name: key}).status == 400
    assert "host of result files" in simulator.journal.violations()[0]


@pytest.mark.parametrize("name", ["Authorization", "xi-api-key", "x-api-key", "Cookie"])
def test_a_header_for_keys_is_a_violation_whatever_it_holds(simulator, client, name):
    assert client.fetch(_address(client), **{name: "Bearer something"}).status == 400
    assert f"the header {name} was sent" in simulator.journal.violations()[0]


def test_the_query_of_an_address_must_come_back_untouched(simulator, client):
    assert client.fetch(_address(client).split("&Signature")[0]).status == 400
    assert "did not come back" in simulator.journal.violations()[0]


def test_an_address_ends_by_the_virtual_clock(simulator, client):
    address = _address(client)
    simulator.clock.advance(86_399)
    assert client.fetch(address).status == 200
    simulator.clock.advance(1)
    assert client.fetch(address).status == 403
    assert simulator.journal.violations() == []


def test_the_second_fetch_gives_other_bytes(client):
    address = _address(client, "download-changed")
    assert client.fetch(address).body != client.fetch(address).body


@pytest.mark.parametrize(
    ("case", "status", "begins"),
    [
        ("i7", 404, b""),
        ("i11", 200, b"<!DOCTYPE html>"),
        ("i11-empty", 200, b""),
        ("i11-json", 200, b'{"error"'),
        ("i13", 200, b"\x89PNG"),
        ("i13-webp", 200, b"RIFF"),
        ("i13-cmyk", 200, b"\xff\xd8\xff"),
    ],
)
def test_what_is_behind_an_address_may_be_something_else(client, case, status, begins):
    reply = client.fetch(_address(client, case))
    assert reply.status == status
    assert reply.body.startswith(begins) if begins else reply.body == b""


def test_the_odd_pictures_are_what_they_are_said_to_be(client):
    animated = Image.open(io.BytesIO(client.fetch(_address(client, "i13-animated")).body))
    assert (animated.format, animated.n_frames) == ("WEBP", 3)
    assert Image.open(io.BytesIO(client.fetch(_address(client, "i13-cmyk")).body)).mode == "CMYK"
    assert Image.open(io.BytesIO(client.fetch(_address(client, "i12")).body)).size == (1024, 1024)


@pytest.mark.parametrize("count", [3, 4])
def test_an_address_may_lead_through_redirects(client, count):
    address = _address(client, f"redirects-{count}")
    base, hops = address.split("/files/")[0], 0
    while (reply := client.fetch(address)).status == 302:
        address, hops = base + reply.headers["location"], hops + 1
    assert (hops, reply.body) == (count, fixture("picture.jpeg"))


def test_addresses_that_must_be_refused_are_watched(simulator, client):
    address = _address(client, "i15-loopback")
    assert address.startswith("http://127.0.0.2:")
    assert _address(client, "i15-metadata") == "http://169.254.169.254/latest/meta-data/"
    assert client.fetch(_address(client, "i15-to-file")).headers["location"] == "file:///etc/passwd"
    client.send("refused", "GET", "/picture.jpeg")
    assert len(simulator.journal.violations()) == 1


def _archive(simulator, client, headers_of, case: str) -> tarfile.TarFile:
    user = "anna"
    task = client.ask("minimax", "voice_task", case, user).json
    sent = headers_of("minimax", simulator.key("minimax", case, user))
    poll = f"/v1/query/t2a_async_query_v2?task_id={task['task_id']}"
    states = [client.send("minimax", "GET", poll, None, sent).json["status"] for _ in range(2)]
    assert states == ["Processing", "Success"]
    file = client.send("minimax", "GET", f"/v1/files/retrieve?file_id={task['file_id']}", None, sent).json["file"]
    return tarfile.open(fileobj=io.BytesIO(client.fetch(file["download_url"]).body))


def test_a_narration_made_later_is_a_tar(simulator, client, headers_of):
    names = _archive(simulator, client, headers_of, "v19").getnames()
    assert names == ["narration/narration.mp3", "narration/narration.titles", "narration/narration.extra"]
    assert simulator.journal.violations() == []


def test_a_hostile_tar_has_names_that_climb_out(simulator, client, headers_of):
    tar = _archive(simulator, client, headers_of, "v19-hostile")
    assert {"../escaped.txt", "/tmp/escaped.txt", "link", "narration.mp3"} <= set(tar.getnames())
    with pytest.raises(tarfile.OutsideDestinationError):
        tar.extractall("/nowhere", members=[tar.getmember("../escaped.txt")], filter="data")


def test_the_ids_of_tasks_do_not_fit_into_a_float(client):
    task = client.ask("minimax", "voice_task").json["task_id"]
    assert int(float(task)) != task


def test_a_timing_file_has_milliseconds_and_words_in_pieces(client):
    whole = client.ask("minimax", "voice", "v12", text="Claude astonished everybody.").json
    [entry] = client.fetch(whole["data"]["subtitle_file"]).json
    words = [word["word"] for word in entry["timestamped_words"]]
    assert words[:3] == ["Cl", "au", "de"]
    assert entry["time_end"] == pytest.approx(whole["extra_info"]["audio_length"])
    assert all(isinstance(word["time_begin"], float) for word in entry["timestamped_words"])
