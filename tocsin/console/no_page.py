"""What is answered where nothing is served: a page to a browser, one sentence in JSON to a program."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from tocsin.console.pages import Page
from tocsin.console.screen import Screen

LONGEST_PATH: Final = 100

Respond = Callable[[Request, Screen, Page, int], Response]


class NoPage:
    """Answers 404 and 405 in the house's words; ``screen`` and ``respond`` are the console's own."""

    def __init__(self, screen: Callable[[Request], Screen], respond: Respond) -> None:
        self._screen, self._respond = screen, respond

    def add_to(self, app: FastAPI) -> None:
        """From now on the application refuses so."""
        for status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
            app.exception_handler(int(status))(self._refuse)

    def _refuse(self, request: Request, refusal: HTTPException) -> Response:
        s, allow = self._screen(request), (refusal.headers or {}).get("Allow", "")
        key = "no-such-method" if refusal.status_code == HTTPStatus.METHOD_NOT_ALLOWED else "no-such-page"
        facts = {"path": quote(request.url.path[:LONGEST_PATH]), "method": request.method, "allow": allow}
        if "text/html" in request.headers.get("accept", ""):
            answer = self._respond(request, s, _page(s, key, facts), refusal.status_code)
        else:
            line = s.words(f"{key}-line" if allow else "no-such-line", **facts)
            answer = JSONResponse({"error": line}, refusal.status_code)
        if allow:
            answer.headers["allow"] = allow
        return answer


def _page(s: Screen, key: str, facts: dict[str, str]) -> Page:
    return Page("problem.html", {"title": s.words(key), "detail": s.words(f"{key}-why", **facts)})
