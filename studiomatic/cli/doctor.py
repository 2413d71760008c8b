"""``studio doctor``: is everything there that a video needs? Each finding comes with its remedy."""

from __future__ import annotations

import typer
from rich.markup import escape
from rich.table import Table

from shared.config import Settings
from shared.errors import ConfigurationError
from shared.variables import ignored_variables
from studiomatic.cli.findings import Finding, look
from studiomatic.cli.options import AsJson, Bus
from studiomatic.cli.session import EXIT_FAILED, chosen_settings, console, explains_errors, print_json


@explains_errors
def doctor(bus: Bus = None, as_json: AsJson = False) -> None:
    """Check database, storage, codecs, fonts, voice and disk of this machine; or a farm from outside."""
    settings = chosen_settings(bus)
    findings = [look("settings", _variables), *_place_findings(settings)]
    if as_json:
        print_json([finding.__dict__ for finding in findings])
    else:
        _print(findings)
    if not all(finding.fine for finding in findings):
        raise typer.Exit(EXIT_FAILED)


def _place_findings(settings: Settings) -> list[Finding]:
    """Load only what looks at this place; the checks of a data folder load much of its services."""
    if settings.embedded:
        from studiomatic.cli.folder_checks import folder_findings

        return folder_findings(settings)
    from studiomatic.cli.farm_checks import farm_findings

    return farm_findings(settings)


def _variables() -> str:
    """A mistyped variable is why a setting seems to do nothing."""
    ignored = ignored_variables()
    if ignored:
        raise ConfigurationError("; ".join(ignored))
    return "every STUDIO_ variable is read"


def _print(findings: list[Finding]) -> None:
    table = Table(box=None, show_header=False)
    for finding in findings:
        mark = "[green]✓[/]" if finding.fine else "[red]✗[/]"
        table.add_row(mark, finding.subject, escape(finding.detail))
    console.print(table)
