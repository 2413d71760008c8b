"""What must not be imported, whatever the linters say."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[4]
SOURCES = {
    path.relative_to(ROOT): path.read_text()
    for folder in ("services", "shared", "studiomatic", "deploy")
    for path in (ROOT / folder).rglob("*.py")
}


def test_nobody_imports_fernet() -> None:
    """Fernet is AES-128 in CBC mode; the privacy policy promises AES-256."""
    assert len(SOURCES) > 200
    assert [path for path, text in SOURCES.items() if "fernet" in text] == []


def test_only_keyvault_imports_its_cryptography() -> None:
    importers = {path.parts[:2] for path, text in SOURCES.items() if "services.keyvault.crypto" in text}
    assert importers == {("services", "keyvault")}
