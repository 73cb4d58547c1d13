"""The console as a web application: routes, cookies and the way from a form to the ledger."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlencode, urlsplit

import jinja2
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles

from alerting.levels import BLUE
from streams.commands import Command
from streams.errors import TocsinError
from tocsin.console import pages
from tocsin.console.act_screen import typed_level
from tocsin.console.form_body import TooLargeError, form_fields
from tocsin.console.forms import IncompleteError, command_of, is_sure, is_typed
from tocsin.console.gate import Gate, GateKeeper
from tocsin.console.guard import HERE, Guard
from tocsin.console.map_drawing import short_name
from tocsin.console.no_page import NoPage
from tocsin.console.pages import Page
from tocsin.console.report_screen import report_done, report_not_kept, report_page, report_unknown
from tocsin.console.reports import report_of
from tocsin.console.screen import STATIC, Screen, blacked, figures, must_show_real, share_left
from tocsin.console.sentences import actor_name
from tocsin.console.sign_in import SignInPages, with_token
from tocsin.console.source import CitySource, CommandReceipt
from tocsin.console.stream import events
from tocsin.console.view import CityView
from tocsin.console.words import NUMERALS, Words
from tocsin.messages import LOCALES

TEMPLATES: Final = Path(__file__).parent / "templates"
COOKIE_SECONDS: Final = 180 * 86_400
SWITCH: Final = ("on", "off")
BROWSER_CHOICES: Final = {"lang": LOCALES, "theme": ("day", "night", "auto"), "keys": SWITCH, "sound": SWITCH}

Redact = Callable[[str], str]
Saw = Callable[[str], None]


def _unseen(unit: str) -> None:
    """Nobody wants to know who looked."""


@functools.cache
def templates() -> jinja2.Environment:
    """All templates; every value is escaped, an unknown name is an error."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        figures=figures,
        blacked=blacked,
        share_left=share_left,
        short_name=short_name,
        numerals=NUMERALS,
        actor_name=actor_name,
    )
    return environment


def create_app(
    source: CitySource, redact: Redact = str, gate: Gate | None = None, saw: Saw = _unseen
) -> FastAPI:
    """The console over ``source``; ``redact`` takes personal data out of what people type.

    Without a ``gate`` there is no sign-in, and only this machine is answered. ``saw`` is told the unit of who
    opens a page of an exercise.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(GZipMiddleware, minimum_size=1_000)
    if gate is not None:
        app.add_middleware(GateKeeper, gate=gate)
        SignInPages(gate, lambda request: screen_of(request, source, "who"), respond, local_path).add_to(app)
    app.add_middleware(Guard, reach=gate.reach if gate is not None else HERE)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    _add_pages(app, source, saw)
    _add_choices(app, source)
    _add_acts(app, source, redact)
    _add_reports(app, source)
    NoPage(lambda request: screen_of(request, source, ""), respond).add_to(app)

    @app.get("/events")
    async def stream(request: Request) -> StreamingResponse:
        last = request.headers.get("last-event-id", "") or request.query_params.get("after", "")
        return StreamingResponse(
            events(source, last, request.is_disconnected),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    return app


def _add_pages(app: FastAPI, source: CitySource, saw: Saw) -> None:
    """Every page that only shows."""

    def page(name: str, make: Callable[..., Page]) -> Callable[..., Response]:
        def show(request: Request) -> Response:
            screen = screen_of(request, source, name)
            _note_sight(screen, saw)
            return respond(request, screen, make(source, screen, **request.path_params))

        show.__name__ = f"show_{name}"
        return show

    app.get("/")(page("city", pages.city))
    app.get("/hotspots")(page("hotspots", pages.hotspots))
    app.get("/hotspots/{hotspot_id}")(page("hotspots", pages.hotspot))
    app.get("/units/{unit_id}")(page("city", pages.unit))
    app.get("/journal")(page("journal", pages.journal))
    app.get("/data")(page("data", pages.data))
    app.get("/duties")(page("duties", pages.duties))
    app.get("/who")(page("who", pages.who))
    app.get("/help")(page("help", pages.help_page))

    @app.get("/mine")
    def mine(request: Request) -> Response:
        screen = screen_of(request, source, "duties")
        _note_sight(screen, saw)
        query = request.query_params
        return respond(
            request, screen, pages.mine(source, screen, query.get("unit", ""), query.get("hotspot", ""))
        )

    @app.get("/acts/{kind}")
    def act(request: Request, kind: str) -> Response:
        screen = screen_of(request, source, "acts")
        return respond(request, screen, pages.act(source, screen, kind, dict(request.query_params)))


def _note_sight(screen: Screen, saw: Saw) -> None:
    """A person opened a page of the exercise; one that only refreshes itself is not looked at."""
    if screen.is_exercise and screen.person is not None and not screen.slots_only:
        saw(screen.person.unit)


def _add_choices(app: FastAPI, source: CitySource) -> None:
    """What a browser remembers: who I am, whether keys act, and whether calls sound."""

    @app.post("/who")
    async def choose(request: Request) -> Response:
        form = await request.form()
        answer = RedirectResponse(local_path(str(form.get("back", "/"))), 303)
        remember(answer, "person", str(form.get("person", "")))
        return answer

    def switch(name: str) -> None:
        @app.post(f"/{name}", name=name)
        async def turn(request: Request) -> Response:
            form = await request.form()
            answer = RedirectResponse("/help", 303)
            remember(answer, name, "off" if form.get(name) == "off" else "on")
            return answer

    switch("keys")
    switch("sound")


def _add_acts(app: FastAPI, source: CitySource, redact: Redact) -> None:
    """The one way in which the console changes anything."""

    @app.post("/acts")
    async def post(request: Request) -> Response:
        form = await request.form()
        fields = {k: str(v) for k, v in form.items()}
        about = tuple(str(v) for v in form.getlist("about"))
        measures = tuple(str(v) for v in form.getlist("measures"))
        return await run_in_threadpool(_take, request, source, redact, fields, about, measures)


def _add_reports(app: FastAPI, source: CitySource) -> None:
    """The way from what a person saw or heard to an event, through the intake of a feed."""

    @app.get("/report")
    def show(request: Request) -> Response:
        screen = screen_of(request, source, "report")
        return respond(request, screen, report_page(screen, dict(request.query_params)))

    @app.post("/report")
    async def post(request: Request) -> Response:
        try:
            fields = await form_fields(request)
        except TooLargeError as problem:
            screen = screen_of(request, source, "report")
            return respond(request, screen, report_page(screen, {}, screen.words.phrase(problem.phrase)), 413)
        return await run_in_threadpool(_report, request, source, fields)


def _report(request: Request, source: CitySource, fields: dict[str, str]) -> Response:
    """A form becomes a report, or is asked again; what became of it is the ledger's to say."""
    screen = screen_of(request, source, "report")
    back = local_path(fields.get("back", "/"))
    if screen.person is None:
        nobody = pages.receipt(screen, "refused", "console-form-nobody", {}, back)
        return respond(request, screen, nobody, 403)
    try:
        feed, report = report_of(fields, screen.person, screen.view, screen.words.locale, source.now())
        told = source.report(feed, report)
    except IncompleteError as problem:
        return respond(request, screen, report_page(screen, fields, screen.words.phrase(problem.phrase)), 422)
    except TimeoutError:
        return respond(request, screen, report_unknown(screen, fields, back), 504)
    except TocsinError:
        return respond(request, screen, report_not_kept(screen, fields), 503)
    page = report_done(screen, told, back)
    return respond(request, screen, page, 200 if page.facts["kind"] == "done" else 409)


def _take(
    request: Request, source: CitySource, redact: Redact, fields: dict[str, str], about: tuple[str, ...],
    measures: tuple[str, ...],
) -> Response:  # fmt: skip
    """A form becomes a command, or is asked again, or is refused with its reason."""
    screen = screen_of(request, source, "acts")
    back = local_path(fields.get("back", "/"))
    if screen.person is None:
        return respond(
            request, screen, pages.receipt(screen, "refused", "console-form-nobody", {}, back), 403
        )
    try:
        told = {k: redact(v) if k in ("note", "measures_text") else v for k, v in fields.items()}
        command = command_of(told, about, measures, screen.person, screen.view, source.now())
    except IncompleteError as problem:
        step = pages.act(source, screen, fields.get("kind", ""), fields, screen.words.phrase(problem.phrase))
        return respond(request, screen, step, 422)
    unit = screen.unit(command.unit)
    level = typed_level(command.kind, unit, command.level) if unit is not None else BLUE
    if not is_sure(fields, level):
        return respond(request, screen, _again(source, screen, fields, level), 200)
    return _submit(request, source, screen, command, fields, about, measures, back)


def _again(source: CitySource, s: Screen, fields: dict[str, str], level: int) -> Page:
    """A grave act that was not held: the typed level is wrong, or the button must be pressed once more."""
    is_right = is_typed(fields, level)
    problem = (
        "" if is_right or not fields.get("typed") else s.words("form-typed-wrong", level=NUMERALS[level])
    )
    return pages.act(source, s, fields.get("kind", ""), fields, problem, is_pressed=is_right)


def _submit(
    request: Request, source: CitySource, s: Screen, command: Command, fields: dict[str, str],
    about: tuple[str, ...], measures: tuple[str, ...], back: str,
) -> Response:  # fmt: skip
    try:
        receipt = source.submit(command)
    except TimeoutError:
        again = [*fields.items(), *(("about", a) for a in about), *(("measures", m) for m in measures)]
        return respond(request, s, pages.unknown(s, again, back), 504)
    if request.headers.get("accept") == "application/json":
        return JSONResponse(_as_facts(s, receipt), 409 if receipt.is_refused else 200)
    fresh = screen_of(request, source, "acts")
    return respond(request, fresh, _receipt(fresh, receipt, back), 409 if receipt.is_refused else 200)


def _as_facts(s: Screen, receipt: CommandReceipt) -> dict[str, object]:
    """A receipt for a program."""
    refusal, entry = receipt.refusal, receipt.entry
    said = s.words.phrase(refusal) if refusal else ""
    return {"refused": said, "row": entry.row if entry else "", "hash": entry.hash if entry else ""}


def _receipt(s: Screen, receipt: CommandReceipt, back: str) -> Page:
    if receipt.refusal is not None:
        return pages.receipt(s, "refused", receipt.refusal.key, receipt.refusal.args, back)
    if receipt.entry is None or receipt.is_refused:
        return pages.receipt(s, "refused", "console-not-sent", {}, back)
    return pages.done(s, receipt.entry, back)


def screen_of(request: Request, source: CitySource, page: str) -> Screen:
    """The surroundings of a page: language, theme, person and story as the address and the cookies say."""
    view, query, cookies = source.snapshot(), request.query_params, request.cookies
    now_at = source.now()
    is_exercise = _shows_exercise(view, query.get("view", ""))
    is_gated = "tocsin.person" in request.scope
    name = request.scope["tocsin.person"] if is_gated else cookies.get("tocsin_person", "")
    person = next((p for p in view.people if p.id == name), None)
    session = request.scope.get("tocsin.session")
    return Screen(
        view=view,
        story=view.drill.story if view.drill is not None and is_exercise else view.real,
        words=Words(choice(request, "lang", _spoken(request)), view.zone, now_at),
        now_at=now_at,
        page=page,
        path=_address(request),
        person=person,
        theme=choice(request, "theme", "auto"),
        is_compact=query.get("wall") == "compact",
        is_exercise=is_exercise,
        has_keys=choice(request, "keys", "on") == "on",
        has_sound=choice(request, "sound", "off") == "on",
        slots_only=request.headers.get("x-slots") == "1",
        has_sign_in=is_gated,
        form_token=session.form_token if session else request.scope.get("tocsin.form_token", ""),
    )


def _address(request: Request) -> str:
    """This page's path and query, without the choice of language."""
    kept = [(k, v) for k, v in request.query_params.multi_items() if k != "lang"]
    return request.url.path + (f"?{urlencode(kept)}" if kept else "")


def _shows_exercise(view: CityView, wanted: str) -> bool:
    """An exercise is shown unless the real city was asked for or needs the screen."""
    return view.drill is not None and wanted != "real" and not must_show_real(view)


def _spoken(request: Request) -> str:
    first = request.headers.get("accept-language", "").split(",")[0].strip().lower()
    return "zh-CN" if first.startswith("zh") else "en"


def choice(request: Request, name: str, otherwise: str) -> str:
    """What the address says, else the cookie, else ``otherwise``; anything unknown counts as unsaid."""
    for said in (request.query_params.get(name, ""), request.cookies.get(f"tocsin_{name}", "")):
        if said in BROWSER_CHOICES[name]:
            return said
    return otherwise


def remember(answer: Response, name: str, value: str) -> None:
    """Keep a choice in a cookie that no script and no other site can use."""
    answer.set_cookie(f"tocsin_{name}", value, COOKIE_SECONDS, httponly=name == "person", samesite="strict")


def local_path(back: str) -> str:
    """A path on this console; anything else becomes the city page."""
    parts = urlsplit(back)
    is_ours = back.startswith("/") and not back.startswith("//") and not parts.netloc and "\\" not in back
    return back if is_ours and back.isprintable() else "/"


def respond(request: Request, s: Screen, page: Page, status: int = 200) -> Response:
    """Render a page; choices made in the address are remembered."""
    body = templates().get_template(page.template).render(s=s, w=s.words, **page.facts)
    answer = HTMLResponse(with_token(body, s.form_token), page.status or status)
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Vary"] = "X-Slots, Cookie"
    for name in ("lang", "theme"):
        if request.query_params.get(name, "") in BROWSER_CHOICES[name]:
            remember(answer, name, request.query_params[name])
    return answer
