"""Messages have the headers they need, and nobody can add one."""

from __future__ import annotations

from email import message_from_bytes, policy

import pytest
from pydantic import SecretStr

from services.auth.domain.records import Template
from services.auth.domain.written_mail import MailRefusedError, TransportError
from services.auth.mail.configured import open_way_out
from services.auth.mail.folder import MailFolder
from services.auth.mail.messages import Sender, message_of
from services.auth.mail.smtp import SmtpServer
from shared.config import Settings
from shared.errors import ConfigurationError

SENDER = Sender("Studio <no-reply@studio.example>")


def message(write, **changes):
    return message_of(write(Template.CONFIRM_ADDRESS, **changes), SENDER, eight_bit=False)


def test_a_message_says_who_when_to_whom_and_that_no_person_wrote_it(write) -> None:
    """RFC 5322 section 3.6; RFC 3834 section 5."""
    made = message(write)
    assert made["From"] == "Studio <no-reply@studio.example>"
    assert made["To"] == "ada@example.org"
    assert made["Subject"] == "Confirm your e-mail address"
    assert made["Date"] == "Tue, 01 Jan 2030 12:30:00 +0000"
    assert made["Message-ID"].endswith("@studio.example>")
    assert made["Auto-Submitted"] == "auto-generated"
    assert made["Content-Language"] == "en"
    assert [part.get_content_type() for part in made.iter_parts()] == ["text/plain", "text/html"]


@pytest.mark.parametrize(
    "recipient",
    [
        "ada@example.org\r\nBcc: eve@example.org",
        "ada@example.org\nX: y",
        "ada@example.org, eve@example.org",
        "ada",
    ],
)
def test_a_recipient_cannot_add_a_header_or_another_recipient(write, recipient: str) -> None:
    """ASVS 5.0 1.3.11; CWE-93."""
    with pytest.raises(MailRefusedError) as refused:
        message(write, recipient=recipient)
    assert recipient not in str(refused.value)


def test_no_value_comes_into_a_header(write) -> None:
    """ASVS 5.0 1.3.11; CWE-93."""
    evil = "x\r\nBcc: eve@example.org\r\n\r\nHello"
    mail = write(Template.NEW_DEVICE, name=evil, values={"browser": evil, "ip": evil})
    headers = message_from_bytes(message_of(mail, SENDER, eight_bit=False).as_bytes(), policy=policy.default)
    assert headers["Bcc"] is None
    assert headers["Subject"] == "Login from a new device"


def test_a_domain_of_letters_is_written_as_machines_write_it(write) -> None:
    """RFC 5891."""
    assert message(write, recipient="ada@münchen.example")["To"] == "ada@xn--mnchen-3ya.example"


@pytest.mark.parametrize("written", ["", "Studio", "Studio <nobody>", "Studio <a@b\r\nX: y>", "<@example.org>"])
def test_a_sender_without_an_address_is_found_at_start(written: str) -> None:
    with pytest.raises(ConfigurationError, match="STUDIO_MAIL_FROM"):
        Sender(written)


def test_a_file_is_named_by_time_and_kind_and_only_its_owner_reads_it(write, tmp_path) -> None:
    folder = MailFolder(tmp_path / "mail", SENDER)
    for language in ("en", "hi"):
        folder.send(write(Template.CONFIRM_ADDRESS, language))
    files = sorted((tmp_path / "mail").iterdir())
    assert [file.name[:44] for file in files] == ["2030-01-01T12-30-00.000000Z-confirm_address-"] * 2
    assert {file.suffix for file in files} == {".eml"}
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert (tmp_path / "mail").stat().st_mode & 0o777 == 0o700
    assert "नमस्ते" in "".join(file.read_text() for file in files)  # without any decoding


def test_a_folder_that_cannot_be_written_is_tried_again_later(write, tmp_path) -> None:
    (tmp_path / "mail").write_text("in the way")
    with pytest.raises(TransportError):
        MailFolder(tmp_path / "mail", SENDER).send(write(Template.CONFIRM_ADDRESS))


def test_mails_go_to_the_server_of_the_settings_or_into_the_data_folder(tmp_path) -> None:
    assert isinstance(open_way_out(Settings(data_dir=tmp_path)), MailFolder)
    server = Settings(smtp_url=SecretStr("smtps://user:secret@mail.example:465"), data_dir=tmp_path)
    way = open_way_out(server)
    assert isinstance(way, SmtpServer)
    assert "secret" not in repr(way.__dict__)


def test_production_needs_a_mail_server(tmp_path) -> None:
    production = Settings(
        environment="production",
        bus_url=SecretStr("amqps://bus"),
        s3_bucket="b",
        s3_access_key=SecretStr("k"),
        s3_secret_key=SecretStr("s"),
        public_url="https://studio.example",
        data_dir=tmp_path,
    )
    with pytest.raises(ConfigurationError, match="STUDIO_SMTP_URL"):
        open_way_out(production)
