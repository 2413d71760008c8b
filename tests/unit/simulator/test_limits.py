"""Limits of a key follow the virtual clock."""

from __future__ import annotations

import threading


def test_more_than_ten_pictures_a_minute_are_refused_until_the_window_has_moved_on(simulator, client):
    codes = [client.ask("minimax", "image", "i18", "anna").json["base_resp"]["status_code"] for _ in range(12)]
    assert codes == [0] * 10 + [1002] * 2
    simulator.clock.advance(59)
    assert client.ask("minimax", "image", "i18", "anna").json["base_resp"]["status_code"] == 1002
    simulator.clock.advance(1)
    codes = [client.ask("minimax", "image", "i18", "anna").json["base_resp"]["status_code"] for _ in range(11)]
    assert codes == [0] * 10 + [1002]


def test_the_window_slides(simulator, client):
    for _ in range(5):
        client.ask("minimax", "image", "i18", "anna")
    simulator.clock.advance(40)
    for _ in range(5):
        client.ask("minimax", "image", "i18", "anna")
    simulator.clock.advance(20)
    codes = [client.ask("minimax", "image", "i18", "anna").json["base_resp"]["status_code"] for _ in range(6)]
    assert codes == [0] * 5 + [1002]


def test_each_key_has_its_own_limit(simulator, client):
    for user in ("anna", "bert"):
        assert [client.ask("minimax", "image", "i18", user).json["data"] is not None for _ in range(10)] == [
            True
        ] * 10


def test_what_was_refused_is_told_in_the_journal_and_does_not_count(simulator, client):
    for _ in range(30):
        client.ask("minimax", "image", "i18", "anna")
    assert len(simulator.journal.exchanges(answered_as="limited")) == 20
    simulator.clock.advance(60)
    assert client.ask("minimax", "image", "i18", "anna").json["base_resp"]["status_code"] == 0


def test_too_many_requests_at_once_are_refused(simulator, client):
    key = ("elevenlabs", "voice", "v28-limit", "anna")
    gate = threading.Barrier(6)
    statuses: list[int] = []

    def ask() -> None:
        gate.wait()
        statuses.append(client.ask(*key).status)

    simulator.latency_s = 0.1
    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    simulator.latency_s = 0.0
    assert sorted(statuses) == [200] * 2 + [429] * 4


def test_a_place_is_free_as_soon_as_a_client_has_its_answer(simulator, client):
    statuses = [client.ask("minimax", "voice", "one-at-a-time", "anna").status for _ in range(50)]
    assert statuses == [200] * 50
    assert simulator.journal.exchanges(answered_as="limited") == []


def test_elevenlabs_tells_how_many_are_under_way(simulator, client):
    headers = client.ask("elevenlabs", "voice", "v28-limit").headers
    assert (headers["current-concurrent-requests"], headers["maximum-concurrent-requests"]) == ("1", "2")


def test_a_provider_that_is_down_for_an_hour_comes_back_by_the_clock(simulator, client):
    assert client.ask("zai", "models", "down-1h", "anna").status == 503
    simulator.clock.advance(3599)
    assert client.ask("zai", "models", "down-1h", "anna").status == 503
    simulator.clock.advance(1)
    assert client.ask("zai", "models", "down-1h", "anna").status == 200
