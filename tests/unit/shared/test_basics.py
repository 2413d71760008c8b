"""Ids, times, settings, logs and signatures."""

from __future__ import annotations

import dataclasses
import json
import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import ClassVar

import pytest
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from shared.clock import FixedClock, SystemClock, to_rfc3339
from shared.config import LogFormat, load_settings
from shared.errors import ConfigurationError, RemoteError, StudiomaticError, TaskFailedError
from shared.ids import is_id, new_id
from shared.logging import MASK, configure_logging, mask_secrets, mask_text
from shared.media.limits import MediaLimits
from shared.signing import SignatureInvalidError, Signer, Verifier

KNOWN = "01a20e67-f96c-7495-a999-000000000001"


class TestIds:
    def test_ids_sort_in_the_order_they_were_made_also_across_threads(self) -> None:
        made: list[str] = []
        lock = threading.Lock()

        def make() -> None:
            for _ in range(2_000):
                with lock:
                    made.append(new_id())

        threads = [threading.Thread(target=make) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert made == sorted(made)
        assert len(set(made)) == len(made)

    def test_an_id_carries_its_time(self) -> None:
        milliseconds = int(new_id().replace("-", "")[:12], 16)
        assert abs(milliseconds / 1000 - SystemClock().now().timestamp()) < 60

    @pytest.mark.parametrize("text", ["", "x", "01a20e67-f96c-4495-a999-9d14c7aaf52f", KNOWN.upper(), f" {KNOWN}"])
    def test_what_is_no_id_is_told_apart(self, text: str) -> None:
        assert is_id(new_id())
        assert not is_id(text)


class TestClock:
    def test_times_are_aware_and_utc(self) -> None:
        assert SystemClock().now().tzinfo is UTC

    def test_a_fixed_clock_moves_only_when_told(self) -> None:
        clock = FixedClock()
        before = clock.now()
        assert clock.now() == before
        clock.advance(1.5)
        assert clock.now() - before == timedelta(seconds=1.5)

    def test_a_naive_time_has_no_text(self) -> None:
        with pytest.raises(ValueError, match="naive"):
            to_rfc3339(datetime(2030, 1, 1))  # noqa: DTZ001

    def test_times_are_written_in_utc_whatever_their_zone(self) -> None:
        moment = datetime(2030, 1, 1, 14, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))
        assert to_rfc3339(moment) == "2030-01-01T09:00:00.000Z"


class TestErrors:
    def test_every_code_is_stable_dotted_and_unique(self) -> None:
        codes = [cls.code for cls in _all_errors(StudiomaticError) if cls.__module__ == "shared.errors"]
        assert len(codes) == len(set(codes))
        assert all(code.replace("_", "").replace(".", "").isalnum() and code.islower() for code in codes)

    def test_the_docstring_is_the_default_message(self) -> None:
        assert (
            str(ConfigurationError()) == "The settings cannot work; the message names the variable and the remedy."
        )

    def test_an_instance_may_be_more_exact_than_its_class(self) -> None:
        error = TaskFailedError("m", code="renderer.disk_full", retryable=True)
        assert (error.code, error.retryable, TaskFailedError.code) == ("renderer.disk_full", True, "task_failed")
        assert RemoteError("a.b", "m").code == "a.b"


def _all_errors(root: type[StudiomaticError]) -> list[type[StudiomaticError]]:
    return [root, *(leaf for child in root.__subclasses__() for leaf in _all_errors(child))]


class TestConfig:
    @pytest.fixture(autouse=True)
    def _clean(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("STUDIO_DATA_DIR", raising=False)

    def test_without_any_setting_everything_runs_embedded(self) -> None:
        settings = load_settings()
        assert settings.embedded
        assert settings.media == MediaLimits()
        assert settings.database_url is None
        assert settings.s3_secret_key is None

    @pytest.mark.parametrize("limit", [limit.name for limit in dataclasses.fields(MediaLimits)])
    def test_every_limit_on_media_can_be_set_and_leaves_the_others(self, monkeypatch, limit: str) -> None:
        other = getattr(MediaLimits(), limit) + 1
        monkeypatch.setenv(f"STUDIO_MEDIA__{limit.upper()}", str(other))
        assert load_settings().media == dataclasses.replace(MediaLimits(), **{limit: other})

    @pytest.mark.parametrize(
        ("variables", "named"),
        [
            ({"STUDIO_BUS_URL": "http://user:hunter2@host"}, "STUDIO_BUS_URL"),
            ({"STUDIO_DATABASE_URL": "mysql://user:hunter2@host"}, "STUDIO_DATABASE_URL"),
            ({"STUDIO_S3_SECRET_KEY": "hunter2"}, "STUDIO_S3_BUCKET"),
            ({"STUDIO_RENDER_SLOTS": "many-hunter2"}, "STUDIO_RENDER_SLOTS"),
            ({"STUDIO_MEDIA__IMAGE_PIXELS": "many-hunter2"}, "STUDIO_MEDIA__IMAGE_PIXELS"),
            ({"STUDIO_MEDIA__IMAGE_PIXELS": "0"}, "STUDIO_MEDIA__IMAGE_PIXELS"),
            ({"STUDIO_ENVIRONMENT": "production"}, "STUDIO_BUS_URL"),
            ({"STUDIO_ENVIRONMENT": "production", "STUDIO_BUS_URL": "amqps://h"}, "STUDIO_S3_BUCKET"),
            ({"STUDIO_LOG_LEVEL": "loud-hunter2"}, "STUDIO_LOG_LEVEL"),
        ],
    )
    def test_a_setting_that_cannot_work_is_named_without_its_value(
        self, monkeypatch, variables, named: str
    ) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(ConfigurationError, match=named) as refused:
            load_settings()
        assert "hunter2" not in str(refused.value)

    def test_secrets_are_masked_wherever_settings_are_shown(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("BUCKET", "ACCESS_KEY", "SECRET_KEY"):
            monkeypatch.setenv(f"STUDIO_S3_{name}", f"hunter2-{name}")
        monkeypatch.setenv("STUDIO_BUS_URL", "amqp://user:hunter2-bus@host/")
        shown = load_settings().model_dump_json() + repr(load_settings())
        assert "hunter2-SECRET_KEY" not in shown
        assert "hunter2-bus" not in shown


class TestLogging:
    @pytest.fixture(autouse=True)
    def _as_before(self) -> Iterator[None]:
        """Logging is global: give it back as it was."""
        root, before = logging.getLogger(), structlog.get_config()
        handlers, level = root.handlers[:], root.level
        yield
        structlog.configure(**before)
        root.handlers[:] = handlers
        root.setLevel(level)

    @pytest.mark.parametrize(
        "secret",
        [
            {"password": "hunter2"},
            {"api_key": "hunter2"},
            {"headers": {"Authorization": "hunter2"}},
            {"url": "amqp://user:hunter2@host/"},
            {"text": "sent Bearer hunter2hunter2"},
            {"items": ["sk-hunter2hunter2hunter2"]},
            {"key": SecretStr("hunter2")},
            {"link": "https://s3/x?X-Amz-Signature=0123456789abcdef0123456789abcdef"},
            {"error": ValueError("postgresql://me:hunter2@db/x")},
        ],
        ids=lambda secret: next(iter(secret)),
    )
    def test_a_secret_is_masked_by_its_name_or_by_its_form(self, secret: dict) -> None:
        masked = json.dumps(mask_secrets(None, "info", {"event": "x", **secret}), default=str)
        assert "hunter2" not in masked
        assert "0123456789abcdef" not in masked
        assert MASK in masked

    def test_ids_and_numbers_stay_readable(self) -> None:
        event = {"event": "task_done", "job_id": new_id(), "duration_ms": 12, "tokens": 5}
        assert mask_secrets(None, "info", dict(event)) == event

    def test_one_line_of_json_for_each_event_also_from_other_libraries(self, capsys) -> None:
        configure_logging(LogFormat.JSON, "info", service="test")
        structlog.get_logger("x").info("attempt_started", task_id="t", password="hunter2")
        logging.getLogger("somebody").warning("plain amqp://u:hunter2@h")
        structlog.get_logger("x").debug("not_shown")
        lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
        assert lines[0]["event"] == "attempt_started"
        assert len(lines) == 2
        assert all(line["service"] == "test" for line in lines)
        assert "hunter2" not in json.dumps(lines)

    @given(st.text(max_size=200))
    def test_masking_never_fails(self, text: str) -> None:
        assert isinstance(mask_text(text), str)


class TestSigning:
    KEY = Ed25519PrivateKey.generate()
    SIGNER = Signer(key_id="orchestrator-1", private_key=KEY)
    VERIFIER = Verifier(public_keys={"orchestrator-1": KEY.public_key()})
    ROUTE: ClassVar = {"exchange": "studio.commands", "routing_key": "renderer"}

    def test_a_signed_body_names_its_signer(self) -> None:
        headers = self.SIGNER.headers(b"body", **self.ROUTE)
        assert self.VERIFIER.verify(b"body", headers) == "orchestrator-1"

    @pytest.mark.parametrize(
        "damage",
        [
            {"sig": ""},
            {"sig": "no base64!"},
            {"sig": "AAAA"},
            {"kid": "another"},
            {"kid": ""},
            {"exchange": "other"},
            {"routing-key": "content-text"},
        ],
        ids=str,
    )
    def test_any_damage_is_refused_with_the_same_words(self, damage: dict[str, str]) -> None:
        headers = {**self.SIGNER.headers(b"body", **self.ROUTE), **damage}
        with pytest.raises(SignatureInvalidError) as refused:
            self.VERIFIER.verify(b"body", headers)
        assert str(refused.value) == str(SignatureInvalidError())

    def test_another_body_or_no_headers_are_refused(self) -> None:
        headers = self.SIGNER.headers(b"body", **self.ROUTE)
        for body, given_headers in ((b"bodY", headers), (b"body", {})):
            with pytest.raises(SignatureInvalidError):
                self.VERIFIER.verify(body, given_headers)

    def test_moving_bytes_between_parts_is_noticed(self) -> None:
        headers = self.SIGNER.headers(b"body", exchange="ab", routing_key="c")
        with pytest.raises(SignatureInvalidError):
            self.VERIFIER.verify(b"body", {**headers, "exchange": "a", "routing-key": "bc"})
