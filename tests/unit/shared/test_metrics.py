"""The metrics page can be read by Prometheus and names nobody."""

from __future__ import annotations

import socket
import urllib.request

import pytest
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.parser import text_string_to_metric_families

from shared.errors import ConfigurationError
from shared.metrics import REGISTRY, MetricsPage

ALLOWED_LABELS = {"queue", "reason", "pool", "outcome", "code", "service", "query"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_the_page_holds_what_was_counted_and_ends_with_the_process() -> None:
    registry, port = CollectorRegistry(), free_port()
    Counter("walls", "Walls built.", ("town",), registry=registry).labels("ulm").inc(3)
    page = MetricsPage("127.0.0.1", port, registry)
    page.start()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))
    page.stop()
    assert [(s.name, s.labels, s.value) for f in families for s in f.samples] == [
        ("walls_total", {"town": "ulm"}, 3.0)
    ]
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics")


def test_a_taken_port_is_refused_with_the_variable_to_change() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        page = MetricsPage("127.0.0.1", taken.getsockname()[1])
        with pytest.raises(ConfigurationError, match="STUDIO_METRICS_PORT"):
            page.start()


def test_a_page_that_never_began_can_be_stopped() -> None:
    MetricsPage("127.0.0.1", 0).stop()


def test_no_metric_has_a_label_that_could_name_an_account_or_a_job() -> None:
    import shared.metrics as metrics

    ours = [value for value in vars(metrics).values() if isinstance(value, Counter)]
    assert len(ours) >= 4
    assert {label for counter in ours for label in counter._labelnames} <= ALLOWED_LABELS
    assert {family.name for family in REGISTRY.collect()} >= {"studio_messages_set_aside", "studio_calls"}
