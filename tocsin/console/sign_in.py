"""The pages of sign-in: the door, the way out, and another password."""

import hmac
import html
import re
import secrets
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import structlog
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from tocsin.accounts import passwords
from tocsin.accounts.sessions import Session
from tocsin.console.form_body import LARGEST_FORM, TooLargeError, form_fields
from tocsin.console.gate import FIELD, SIGN_IN, Gate
from tocsin.console.pages import Page
from tocsin.console.screen import Screen

DOOR_COOKIE: Final = "tocsin_door"
LONGEST_NAME: Final = 100
TOKEN_BYTES: Final = 24

log: Final = structlog.get_logger("sign-in")

_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{32}")
"""What a door cookie of ours looks like; others may set one too."""

_POSTED: Final = re.compile(r'<form\b[^>]*\bmethod="post"[^>]*>', re.IGNORECASE)
"""A form that changes something; templates escape values, so that nobody's text can look like one."""


def with_token(body: str, token: str) -> str:
    """The page with the token in every form that is posted, whoever wrote the form."""
    hidden = f'<input type="hidden" name="{FIELD}" value="{html.escape(token)}">'
    return _POSTED.sub(lambda form: form[0] + hidden, body) if token else body


def door(back: str, problem: str = "", person: str = "") -> Page:
    """The page that asks who is there; ``problem`` says why the last try failed."""
    return Page("sign_in.html", {"back": back, "problem": problem, "person": person})


def account(problem: str = "", is_changed: bool = False) -> Page:
    """Who is signed in, the way out, and another password."""
    facts = {"problem": problem, "is_changed": is_changed, "shortest": passwords.SHORTEST}
    return Page("account.html", facts)


class SignIn:
    """What the forms of sign-in ask for: a session, or another password."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate

    def enter(self, s: Screen, person: str, password: str, address: str) -> tuple[str, str]:
        """The new session's secret and no problem, or no secret and the problem in words."""
        refusal = self.gate.register.prove(person, password, address)
        if refusal is None and person in self.gate.persons:
            log.info("signed in", person=person, address=address)
            return self.gate.sessions.begin(person), ""
        if refusal is None:
            return "", s.words("sign-in-no-person")
        log.warning("sign-in refused", reason=refusal.reason, address=address)
        return "", s.words(
            f"sign-in-{refusal.reason}", wait=s.words.window(max(60, -(-refusal.wait_seconds // 60) * 60))
        )

    def change(self, s: Screen, session: Session, form: dict[str, str], address: str) -> str:
        """Why the password stays as it is; "" if it is another now."""
        old, new, again = (form.get(name, "") for name in ("old", "new", "again"))
        refusal = self.gate.register.prove(session.person, old, address)
        if refusal is not None:
            return s.words(f"password-{refusal.reason}")
        if new != again:
            return s.words("password-differs")
        if reason := passwords.why_unfit(new, session.person):
            return s.words(f"password-{reason}", n=passwords.SHORTEST)
        self.gate.register.change(session.person, new, keep=session.id)
        log.info("password changed", person=session.person)
        return ""


class Show(Protocol):
    """Renders a page for a request."""

    def __call__(self, request: Request, s: Screen, page: Page, status: int = 200) -> Response:
        """The answer."""
        ...


class SignInPages:
    """The routes of sign-in, over what the console gives: screens, rendering, and paths of its own."""

    def __init__(
        self,
        gate: Gate,
        screen_of: Callable[[Request], Screen],
        show: Show,
        local_path: Callable[[str], str],
    ) -> None:
        self._gate, self._sign_in = gate, SignIn(gate)
        self._screen_of, self._show, self._local_path = screen_of, show, local_path

    def add_to(self, app: FastAPI) -> None:
        """Answer for the paths of sign-in."""
        app.get(SIGN_IN)(self.ask)
        app.get("/account")(self.who_am_i)
        for path, take in ((SIGN_IN, self.enter), ("/sign-out", self.leave), ("/password", self.change)):
            app.post(path)(_taking(take))

    def ask(self, request: Request) -> Response:
        """The page of sign-in; who is signed in goes on."""
        back = self._local_path(request.query_params.get("back", "/"))
        if not self._gate.is_on() or request.scope.get("tocsin.session"):
            return RedirectResponse(back, 303)
        return self._show_door(request, back)

    def enter(self, request: Request, form: dict[str, str]) -> Response:
        """A new session for the right password; else the page again, with the reason."""
        back, person = self._local_path(form.get("back", "/")), form.get("person", "").strip()[:LONGEST_NAME]
        screen, known = self._screen_of(request), request.cookies.get(DOOR_COOKIE, "")
        if not known or not hmac.compare_digest(known.encode(), form.get(FIELD, "").encode()):
            return self._show_door(request, back, screen.words("sign-in-again"), person, 403)
        password, address = form.get("password", ""), request.scope["tocsin.client"]
        secret, problem = self._sign_in.enter(screen, person, password, address)
        if not secret:
            return self._show_door(request, back, problem, person, 401)
        answer = RedirectResponse(back, 303)
        self._gate.set_cookie(answer.headers, self._gate.cookie, secret)
        self._gate.set_cookie(answer.headers, DOOR_COOKIE, "")
        return answer

    def who_am_i(self, request: Request) -> Response:
        """The page of the one who is signed in."""
        if not request.scope.get("tocsin.session"):
            return RedirectResponse("/who", 303)
        screen = self._screen_of(request)
        return self._show(request, screen, account())

    def leave(self, request: Request, form: dict[str, str]) -> Response:
        """Sign out."""
        if session := request.scope.get("tocsin.session"):
            self._gate.sessions.end(session)
        answer = RedirectResponse(SIGN_IN, 303)
        self._gate.set_cookie(answer.headers, self._gate.cookie, "")
        return answer

    def change(self, request: Request, form: dict[str, str]) -> Response:
        """Another password, or why not."""
        session = request.scope.get("tocsin.session")
        if not session:
            return RedirectResponse("/who", 303)
        screen, address = self._screen_of(request), request.scope["tocsin.client"]
        problem = self._sign_in.change(screen, session, form, address)
        return self._show(request, screen, account(problem, not problem), 422 if problem else 200)

    def _show_door(
        self, request: Request, back: str, problem: str = "", person: str = "", status: int = 200
    ) -> Response:
        known = request.cookies.get(DOOR_COOKIE, "")
        token = known if _TOKEN.fullmatch(known) else secrets.token_urlsafe(TOKEN_BYTES)
        request.scope["tocsin.form_token"] = token
        screen = self._screen_of(request)
        answer = self._show(request, screen, door(back, problem, person), status)
        self._gate.set_cookie(answer.headers, DOOR_COOKIE, token)
        return answer


def _taking(take: Callable[[Request, dict[str, str]], Response]) -> Callable[..., Awaitable[Response]]:
    """A route that reads the posted form and lets ``take`` work beside the loop."""

    async def post(request: Request) -> Response:
        try:
            form = await form_fields(request)
        except TooLargeError:
            return PlainTextResponse(f"Not sent: a form has at most {LARGEST_FORM:,} bytes.\n", 413)
        return await run_in_threadpool(take, request, form)

    return post
