"""The pages behind the links of messages: a GET only asks, a POST answers as the person who was told."""

import collections
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alerting import answer_links
from alerting.answer_links import Claim
from alerting.journal import Entry
from alerting.routing import Receiver
from streams.commands import Command
from tocsin.console.app import templates
from tocsin.console.guard import HEADERS, LOCAL_NAMES, TLS, host_of
from tocsin.console.hotspot_screen import mode_and_rank
from tocsin.console.phrases import Phrase
from tocsin.console.screen import STATIC
from tocsin.console.source import CitySource
from tocsin.console.view import Person
from tocsin.console.words import Words

RESULTS: Final = ("shown", "answered", "refused", "used", "expired", "forged")
"""What becomes of a request with a link."""

STATUS: Final = {"shown": 200, "answered": 200, "refused": 409, "used": 410, "expired": 410, "forged": 403}
TIMED_OUT: Final = 504

_PRIVATE: Final = (
    (b"cache-control", b"no-store"), (b"referrer-policy", b"no-referrer"), (b"x-robots-tag", b"noindex"),
)  # fmt: skip
"""An address that can act must not be kept or passed on."""


_SHARED: Final = tuple((name, value) for name, value in dict(HEADERS).items() if name not in dict(_PRIVATE))


class Answering:
    """What links do: one secret, the receivers that may hold one, and counts of what became of them."""

    def __init__(
        self,
        source: CitySource,
        entries_of: Callable[[str], Sequence[Entry]],
        receivers: Sequence[Receiver],
        secret: bytes,
    ) -> None:
        self.source, self._entries_of, self._secret = source, entries_of, secret
        self._receivers = {receiver.id: receiver for receiver in receivers}
        self._counts: collections.Counter[str] = collections.Counter()

    def counts(self) -> dict[tuple[str], int]:
        """Requests so far, by result."""
        return {(result,): self._counts[result] for result in RESULTS}

    def show(self, token: str) -> Response:
        """Ask whether to answer; nothing changes."""
        asked = self._asked(token)
        if isinstance(asked, Response):
            return asked
        person, command, w = asked
        if (reason := self.source.refusal(command)) is not None:
            return self._page(w, "refused", Phrase(reason.key, reason.args))
        facts: dict[str, Any] = {"name": person.names, "unit": self._unit(command.unit)}
        return self._page(w, "shown", Phrase("console-answer-ask", facts), command)

    def act(self, token: str) -> Response:
        """Answer, once: put the command into the ledger and say what came of it."""
        asked = self._asked(token)
        if isinstance(asked, Response):
            return asked
        _, command, w = asked
        try:
            receipt = self.source.submit(command)
        except TimeoutError:
            return self._render(w, "refused", Phrase("console-not-known-arrived-why"), status=TIMED_OUT)
        if receipt.refusal is not None or receipt.entry is None:
            reason = receipt.refusal or Phrase("console-not-sent")
            return self._page(w, "refused", reason)
        facts: dict[str, Any] = {"at": w.clock(receipt.entry.at), "unit": self._unit(command.unit)}
        return self._page(w, "answered", Phrase("console-answer-done", facts))

    def _asked(self, token: str) -> tuple[Person, Command, Words] | Response:
        """Who answers what, by a link that holds and was not used; else the page that says why not."""
        claim = answer_links.read(token, self._secret, self.source.now())
        if not isinstance(claim, Claim):
            return self._page(self._words(""), claim, Phrase(f"console-answer-{claim}-why"))
        w, person = self._words(claim.receiver), self._person(claim.receiver)
        if person is None:
            return self._page(w, "refused", Phrase("console-answer-nobody-why"))
        command = self._command(claim, person)
        used = [entry for entry in self._entries_of(command.id) if entry.trigger == command.kind]
        if used:
            return self._page(w, "used", Phrase("console-answer-used-why", {"at": w.clock(used[0].at)}))
        return person, command, w

    def _command(self, claim: Claim, person: Person) -> Command:
        return Command(
            id=claim.command_id,
            stamp=self.source.now(),
            kind="acknowledge",
            unit=claim.unit,
            actor=person.id,
            role=person.role,
            actor_unit=person.unit,
            is_exercise=claim.is_exercise,
        )

    def _person(self, receiver: str) -> Person | None:
        known = self._receivers.get(receiver)
        people = self.source.snapshot().people
        return next((p for p in people if known is not None and p.id == known.person), None)

    def _words(self, receiver: str) -> Words:
        view = self.source.snapshot()
        known = self._receivers.get(receiver)
        return Words(known.locale if known else "en", view.zone, self.source.now())

    def _unit(self, unit: str) -> dict[str, str]:
        return next(u.names for u in self.source.snapshot().real.units if u.id == unit)

    def _stands(self, unit: str, w: Words) -> str:
        """What the unit is warned of now, so that nobody acknowledges a thing unseen."""
        story = self.source.snapshot().real
        view = next(u for u in story.units if u.id == unit)
        hotspot = next((h for h in story.hotspots if h.id == view.hotspot), None)
        standing = mode_and_rank(view.mode, view.level, w)
        if hotspot is None:
            return w("answer-stands", standing=standing)
        return w("answer-stands-about", standing=standing, what=w.named(hotspot.names))

    def _page(self, w: Words, result: str, detail: Phrase, command: Command | None = None) -> Response:
        self._counts[result] += 1
        return self._render(w, result, detail, command, STATUS[result])

    def _render(
        self, w: Words, result: str, detail: Phrase, command: Command | None = None, status: int = 200
    ) -> Response:
        is_exercise = command is not None and command.is_exercise
        facts = {
            "w": w,
            "city": w.named(self.source.snapshot().names),
            "title": w(f"answer-{result}"),
            "detail": w.phrase(detail),
            "result": result,
            "exercise": w("exercise") if is_exercise else "",
            "stands": self._stands(command.unit, w) if command is not None and not is_exercise else "",
        }
        return HTMLResponse(templates().get_template("answer.html").render(**facts), status)


def create_answer_app(answering: Answering, public_url: str) -> ASGIApp:
    """``/answer/…`` for whoever holds a link, under the names of this machine and of ``public_url``."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.mount("/answer/static", StaticFiles(directory=STATIC), name="answer-static")

    @app.get("/answer/{token}")
    def show(token: str) -> Response:
        return answering.show(token)

    @app.post("/answer/{token}")
    def act(request: Request, token: str) -> Response:
        return answering.act(token)

    over_tls = (TLS,) if public_url.startswith("https:") else ()
    return _Guarded(app, LOCAL_NAMES | {host_of(public_url)}, (*_SHARED, *_PRIVATE, *over_tls))


class _Guarded(msgspec.Struct, frozen=True):
    """Refuses foreign host names, and adds the headers that keep a page to itself."""

    app: ASGIApp
    hosts: frozenset[str]
    headers: tuple[tuple[bytes, bytes], ...]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self.headers]
            await send(message)

        host = host_of(Headers(scope=scope).get("host", ""))
        if host in self.hosts:
            await self.app(scope, receive, sending)
        else:
            answer = PlainTextResponse("Foreign host name.\n", status_code=403)
            await answer(scope, receive, sending)
