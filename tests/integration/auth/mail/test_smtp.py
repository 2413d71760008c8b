"""Mails over SMTP: only encrypted, only to the server that we mean, and honest about what the server said."""

from __future__ import annotations

import asyncio
import datetime
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from services.auth.domain.records import Template
from services.auth.domain.written_mail import MailDelayedError, MailRefusedError, TransportError, WrittenMail
from services.auth.mail.messages import Sender
from services.auth.mail.smtp import SmtpServer

SENDER = Sender("Studio <no-reply@studio.example>")
USER, PASSWORD = "studio", "p@ss/word"


class Inbox:
    """Takes mails, unless it is told what to answer."""

    def __init__(self) -> None:
        self.envelopes: list[Any] = []
        self.sessions: set[int] = set()
        self.recipient_answer = "250 OK"
        self.data_answer = "250 OK"

    async def handle_RCPT(self, _server: Any, session: Any, envelope: Any, address: str, _options: Any) -> str:
        self.sessions.add(id(session))
        if self.recipient_answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.recipient_answer

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        if self.data_answer.startswith("250"):
            self.envelopes.append(envelope)
        return self.data_answer

    @property
    def messages(self) -> list[Any]:
        return [message_from_bytes(envelope.content, policy=policy.default) for envelope in self.envelopes]


class MailServer:
    """A mail server on a free port of this machine, in a thread of its own."""

    def __init__(self, context: ssl.SSLContext | None, **options: Any) -> None:
        self.inbox = Inbox()
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(
            self._loop.create_server(
                lambda: SMTP(self.inbox, hostname="localhost", loop=self._loop, **options),
                host="localhost",
                port=0,
                ssl=context,
            )
        )
        self.port = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Cut all connections, and be gone."""
        if not self._thread.is_alive():
            return
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(timeout=30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        mine = asyncio.current_task()
        talks = [task for task in asyncio.all_tasks() if task is not mine]
        for task in talks:
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


def _certificate(folder: Path, name: str) -> Path:
    """A key, and a certificate that it signs itself, in one file."""
    key = generate_private_key(SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName(name)]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file = folder / f"{name}.pem"
    file.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    return file


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("certificates")
    return {name: _certificate(folder, name) for name in ("localhost", "other.example")}


def _login(_server: Any, _session: Any, _envelope: Any, _mechanism: str, login: Any) -> AuthResult:
    fits = (login.login, login.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=fits, handled=False)


@pytest.fixture
def serve(certificates: dict[str, Path]) -> Iterator[Callable[..., MailServer]]:
    """Start a mail server with a certificate for a name; implicit TLS, STARTTLS, or neither."""
    running: list[MailServer] = []

    def start(kind: str, name: str = "localhost", **options: Any) -> MailServer:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates[name])
        if kind == "starttls":
            options |= {"tls_context": context, "require_starttls": True}
        running.append(MailServer(context if kind == "smtps" else None, **options))
        return running[-1]

    yield start
    for server in running:
        server.stop()


@pytest.fixture
def client(certificates: dict[str, Path]) -> Iterator[Callable[..., SmtpServer]]:
    made: list[SmtpServer] = []

    def make(url: str) -> SmtpServer:
        trusted = ssl.create_default_context()
        for file in certificates.values():
            trusted.load_verify_locations(file)
        made.append(SmtpServer(SecretStr(url), SENDER, context=trusted, timeout_s=20))
        return made[-1]

    yield make
    for server in made:
        server.close()


def mail(recipient: str = "ada@example.org", number: int = 1) -> WrittenMail:
    return WrittenMail(
        mail_id=f"mail-{number}",
        template=Template.CONFIRM_ADDRESS,
        recipient=recipient,
        language="de",
        subject="Grüße",
        text="Schöne Grüße\nhttps://studio.example/account/confirm_address#" + "t" * 43 + "\n",
        html="<p>Schöne Grüße</p>",
        written_at=datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC),
        tries=1,
    )


@pytest.mark.parametrize(("kind", "scheme"), [("smtps", "smtps"), ("starttls", "smtp")])
def test_a_mail_arrives_over_tls(serve, client, kind: str, scheme: str) -> None:
    """RFC 8314; ASVS 5.0 12.3.1."""
    server = serve(kind)
    client(f"{scheme}://localhost:{server.port}").send(mail())
    message = server.inbox.messages[0]
    assert message["Subject"] == "Grüße"
    assert server.inbox.envelopes[0].mail_from == "no-reply@studio.example"
    assert server.inbox.envelopes[0].rcpt_tos == ["ada@example.org"]
    assert message.get_body(("plain",)).get_content().splitlines()[1].endswith("#" + "t" * 43)


def test_a_server_without_tls_gets_nothing(serve, client) -> None:
    """ASVS 5.0 12.3.1: neither the mail nor a password is said in the clear."""
    server = serve("plain")
    with pytest.raises(TransportError, match="STARTTLS"):
        client(f"smtp://{USER}:secret@localhost:{server.port}").send(mail())
    assert server.inbox.envelopes == []


@pytest.mark.parametrize(("kind", "scheme"), [("smtps", "smtps"), ("starttls", "smtp")])
def test_a_server_whose_certificate_is_for_another_name_gets_nothing(
    serve, client, kind: str, scheme: str
) -> None:
    """ASVS 5.0 12.3.2."""
    server = serve(kind, "other.example")
    with pytest.raises(TransportError):
        client(f"{scheme}://localhost:{server.port}").send(mail())
    assert server.inbox.envelopes == []


def test_a_certificate_that_nobody_vouches_for_is_refused_by_default(serve) -> None:
    """ASVS 5.0 12.3.2."""
    server = serve("smtps")
    with pytest.raises(TransportError):
        SmtpServer(SecretStr(f"smtps://localhost:{server.port}"), SENDER).send(mail())
    assert server.inbox.envelopes == []


def test_user_and_password_of_the_url_log_in(serve, client) -> None:
    server = serve("starttls", authenticator=_login, auth_required=True)
    client(f"smtp://{USER}:p%40ss%2Fword@localhost:{server.port}").send(mail())
    assert len(server.inbox.envelopes) == 1


def test_a_wrong_password_is_our_fault_and_not_the_mails(serve, client) -> None:
    server = serve("starttls", authenticator=_login, auth_required=True)
    with pytest.raises(TransportError, match="535") as failed:
        client(f"smtp://{USER}:wrong-secret@localhost:{server.port}").send(mail())
    assert "wrong-secret" not in str(failed.value)


@pytest.mark.parametrize(
    ("field", "answer", "error"),
    [
        ("recipient_answer", "550 ada@example.org does not live here", MailRefusedError),
        ("data_answer", "554 no", MailRefusedError),
        ("recipient_answer", "450 mailbox of ada@example.org is busy", MailDelayedError),
        ("data_answer", "452 full", MailDelayedError),
    ],
)
def test_what_the_server_says_decides_whether_a_mail_is_tried_again(
    serve, client, field: str, answer: str, error: type[MailRefusedError]
) -> None:
    """RFC 5321 section 4.2.1; the server's words may name the person and are not kept."""
    server = serve("smtps")
    setattr(server.inbox, field, answer)
    with pytest.raises(error) as failed:
        client(f"smtps://localhost:{server.port}").send(mail())
    assert type(failed.value) is error
    assert failed.value.reason == f"smtp_{answer[:3]}"
    assert "ada" not in str(failed.value)


def test_the_next_mail_goes_well_after_a_refused_one_and_over_one_connection(serve, client) -> None:
    server = serve("smtps")
    way = client(f"smtps://localhost:{server.port}")
    server.inbox.recipient_answer = "550 no"
    with pytest.raises(MailRefusedError):
        way.send(mail())
    server.inbox.recipient_answer = "250 OK"
    server.inbox.sessions.clear()
    for number in range(3):
        way.send(mail(number=number))
    assert len(server.inbox.envelopes) == 3
    assert len(server.inbox.sessions) == 1


def test_a_server_that_went_away_is_connected_to_again(serve, client) -> None:
    server = serve("smtps")
    way = client(f"smtps://localhost:{server.port}")
    way.send(mail())
    server.stop()
    for _ in range(2):  # the connection that was kept, and a new one
        with pytest.raises(TransportError):
            way.send(mail())
    other = serve("smtps")
    way._port = other.port  # it is back
    way.send(mail())
    assert len(other.inbox.envelopes) == 1


def test_letters_of_every_script_in_an_address_need_a_server_that_knows_them(serve, client) -> None:
    """RFC 6531: refused for this mail, not for others."""
    able = serve("smtps", enable_SMTPUTF8=True)
    client(f"smtps://localhost:{able.port}").send(mail("иван@почта.рф"))
    assert able.inbox.envelopes[0].rcpt_tos == ["иван@xn--80a1acny.xn--p1ai"]
    unable = serve("smtps", enable_SMTPUTF8=False)
    with pytest.raises(MailRefusedError) as refused:
        client(f"smtps://localhost:{unable.port}").send(mail("иван@почта.рф"))
    assert refused.value.reason == "smtputf8"


GREEN = """
from shared.bus.green import patch

patch()
import datetime, ssl, sys, eventlet
from pydantic import SecretStr
from services.auth.domain.records import Template
from services.auth.domain.written_mail import WrittenMail
from services.auth.mail.messages import Sender
from services.auth.mail.smtp import SmtpServer

port, certificate = sys.argv[1:]
turns = []


def count():
    while True:
        turns.append(1)
        eventlet.sleep(0)


eventlet.spawn(count)
context = ssl.create_default_context(cafile=certificate)
mail = WrittenMail(mail_id="m", template=Template.CONFIRM_ADDRESS, recipient="ada@example.org", language="en",
    subject="Hello", text="Hello", html="<p>Hello</p>", written_at=datetime.datetime.now(datetime.UTC), tries=1)
SmtpServer(SecretStr(f"smtp://localhost:{port}"), Sender("S <s@example.org>"), context=context).send(mail)
print(len(turns))
"""


def test_others_run_while_a_green_process_sends(serve, certificates) -> None:
    """The hub of auth's process must not stand still while a mail server takes its time."""
    server = serve("starttls")
    done = subprocess.run(
        [sys.executable, "-c", GREEN, str(server.port), str(certificates["localhost"])],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 3
    assert len(server.inbox.envelopes) == 1
