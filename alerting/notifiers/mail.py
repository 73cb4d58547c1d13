"""Deliveries as e-mail over SMTP: plain text and HTML, one thread a hotspot, one Message-ID a key."""

import contextlib
import email.utils
import html
import smtplib
import ssl
from email.message import EmailMessage
from typing import IO, Any, Final

from alerting.deliveries import Delivery
from alerting.delivery_log import Answer
from alerting.notifiers.contract import Channel
from streams.errors import ConfigError

LONGEST_REPLY: Final = 100_000
"""Bytes of one reply; a server that never ends one must not fill the memory."""

HERE: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class MailNotifier:
    """Sends to one mailbox; the same delivery is the same message, however often it is sent.

    Raises:
        ConfigError: no server, no sender, an address that is none, or a server that would be spoken to in
            clear over the network.
    """

    def __init__(self, channel: Channel) -> None:
        server = channel.mail
        _check(channel)
        self._channel, self._server = channel, server
        self._domain = server.sender.rpartition("@")[2]
        self._tls = ssl.create_default_context(cafile=server.ca_file or None)

    def send(self, delivery: Delivery) -> Answer:
        """Refused for good only where the server refuses mailbox or message; all else may pass."""
        try:
            with contextlib.closing(self._connected()) as smtp:
                smtp.send_message(message(delivery, self._server.sender, self._channel.to, self._domain))
                with contextlib.suppress(smtplib.SMTPException, OSError):
                    smtp.quit()
        except smtplib.SMTPRecipientsRefused as error:
            return _refused(*next(iter(error.recipients.values())))
        except (smtplib.SMTPDataError, smtplib.SMTPSenderRefused) as error:
            return _refused(error.smtp_code, error.smtp_error)
        except (smtplib.SMTPException, OSError, ValueError) as error:
            return Answer(False, should_retry=True, detail=f"{type(error).__name__}: {error}"[:300])
        return Answer(True, detail="accepted by the server")

    def close(self) -> None:
        """Nothing is held between deliveries."""

    def _connected(self) -> smtplib.SMTP:
        server = self._server
        smtp = _open(
            server.host, server.port, server.timeout_seconds, self._tls if server.security == "tls" else None
        )
        try:
            if server.security == "starttls":
                smtp.starttls(context=self._tls)
            if server.user:
                smtp.login(server.user, self._channel.password)
        except BaseException:
            smtp.close()
            raise
        return smtp


def _check(channel: Channel) -> None:
    server = channel.mail
    if not server.host or "@" not in server.sender:
        raise ConfigError("mail", "has no host or no sender", "add [mail] with both to routes.toml")
    if server.security == "none" and server.host not in HERE:
        raise ConfigError("mail.security", f"{server.host} would hear it in clear", "use starttls or tls")
    if server.user and not channel.password:
        raise ConfigError("mail.password_env", f"user {server.user} has no password", "name file or variable")
    if "@" not in channel.to or any(c.isspace() or c in ",<>" for c in channel.to):
        raise ConfigError(f"receivers.{channel.receiver}.to", "is no mail address", "write name@host")


def message(delivery: Delivery, sender: str, to: str, domain: str) -> EmailMessage:
    """The mail that a delivery is; made of nothing but the delivery, so that a repeat is the same."""
    mail = EmailMessage()
    mail["From"], mail["To"] = sender, to
    title = delivery.cover.title or (delivery.texts[0][:120] if delivery.texts else delivery.unit)
    mail["Subject"] = " ".join(title.split())
    mail["Date"] = email.utils.formatdate(delivery.at)
    mail["Message-ID"] = f"<{delivery.key}@{domain}>"
    if delivery.earlier:
        mail["In-Reply-To"] = f"<{delivery.earlier}@{domain}>"
        ends = dict.fromkeys((delivery.first, delivery.earlier))
        mail["References"] = " ".join(f"<{key}@{domain}>" for key in ends)
    mail["Auto-Submitted"] = "auto-generated"
    mail["Tocsin-Key"] = delivery.key
    mail["Tocsin-Status"] = "Exercise" if delivery.is_exercise else "Actual"
    mail.set_content(plain(delivery))
    mail.add_alternative(_html(delivery), subtype="html")
    mail["Content-Language"] = delivery.locale
    return mail


def plain(delivery: Delivery) -> str:
    """A delivery as lines of text: mark, lines, and the link to answer."""
    cover = delivery.cover
    link = f"{cover.link_label}:\n{cover.link}" if cover.link else ""
    return "\n\n".join(part for part in (cover.mark, *delivery.texts, link) if part) + "\n"


def _html(delivery: Delivery) -> str:
    cover, escape = delivery.cover, html.escape
    mark = f'<p style="background:#6A2C9E;color:#fff;padding:8px"><b>{escape(cover.mark)}</b></p>'
    lines = "".join(f"<p>{escape(text)}</p>" for text in delivery.texts)
    link = f'<p><a href="{escape(cover.link)}">{escape(cover.link_label)}</a></p>'
    return (
        f'<!doctype html><html lang="{escape(delivery.locale)}"><meta charset="utf-8"><body>'
        f"{mark if cover.mark else ''}{lines}{link if cover.link else ''}</body></html>"
    )


def _refused(code: int, said: bytes | str) -> Answer:
    words = said.decode(errors="replace") if isinstance(said, bytes) else said
    return Answer(False, should_retry=code < 500, detail=f"SMTP {code} {words}"[:300])


class _Replies:
    """Lines of a server's replies, as many bytes as a reply may have between two commands."""

    def __init__(self, lines: IO[bytes]) -> None:
        self._lines, self._left = lines, LONGEST_REPLY

    def readline(self, limit: int) -> bytes:
        line = self._lines.readline(limit)
        self._left -= len(line)
        if self._left < 0:
            raise OSError("the server's replies do not end")
        return line

    def close(self) -> None:
        self._lines.close()


def _open(host: str, port: int, timeout: float, tls: ssl.SSLContext | None) -> smtplib.SMTP:
    if tls is not None:
        return _BoundedTls(host, port, timeout=timeout, context=tls)
    return _Bounded(host, port, timeout=timeout)


class _Bounded(smtplib.SMTP):
    """An SMTP client that a server cannot feed for ever."""

    def getreply(self) -> tuple[int, bytes]:
        """The next reply."""
        if self.file is None and self.sock is not None:
            self.file: Any = _Replies(self.sock.makefile("rb"))
        return super().getreply()


class _BoundedTls(smtplib.SMTP_SSL, _Bounded):
    """The same where TLS comes before the first word."""
