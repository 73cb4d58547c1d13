"""Acts through the console of a running city, as a person does: signs in if asked, and sends forms."""

import json
import re
import secrets
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from http.cookiejar import CookieJar
from typing import Any, Final

from streams.errors import AwayError, ConfigError

SECONDS: Final = 20


class Caller:
    """One person at one console; ``password`` is asked for only if the console asks who is there.

    Raises:
        ConfigError: no such address, or the sign-in is refused.
        AwayError: nobody answers there.
    """

    def __init__(self, url: str, person: str, password: Callable[[], str]) -> None:
        if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
            raise ConfigError(f"--at {url}", "is no address of a console", "write http://127.0.0.1:8750")
        self._url, self._token = url.rstrip("/"), ""
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        self._open = opener.open
        landed, page = self._ask("/who")
        if "/sign-in" not in landed:
            self._ask("/who", {"person": person, "back": "/help"})
            return
        form = {"person": person, "password": password(), "back": "/account", "form_token": _token(page)}
        landed, page = self._ask("/sign-in", form)
        if "/sign-in" in landed:
            found = re.search(r'role="alert">([^<]*)', page)
            raise ConfigError(
                f"sign-in as {person}", found[1].rstrip(".") if found else "is refused", "see tocsin people"
            )
        self._token = _token(page)

    def act(self, kind: str, unit: str, about: str = "") -> dict[str, Any]:
        """Send one act; what the journal says of it (``refused``, ``row``, ``hash``)."""
        form = {"kind": kind, "unit": unit, "token": secrets.token_hex(8), "form_token": self._token}
        _, answer = self._ask("/acts", {**form, **({"about": about} if about else {})}, "application/json")
        try:
            facts: dict[str, Any] = json.loads(answer)
        except ValueError:
            said = re.search(r'(?:role="alert">|receipt refused[^>]*><h1>[^<]*</h1><p>)([^<]+)', answer)
            return {"refused": said[1] if said else "the console did not take it", "row": "", "hash": ""}
        return facts

    def _ask(
        self, path: str, form: dict[str, str] | None = None, accept: str = "text/html"
    ) -> tuple[str, str]:
        """Where the answer comes from, and the answer."""
        data = urllib.parse.urlencode(form).encode() if form is not None else None
        request = urllib.request.Request(self._url + path, data, {"Accept": accept, "Accept-Language": "en"})  # noqa: S310
        try:
            with self._open(request, timeout=SECONDS) as answer:
                return answer.url, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.url or "", error.read().decode(errors="replace")
        except OSError as error:
            what = getattr(error, "reason", error)
            raise AwayError(
                self._url, f"does not answer: {what}", "start tocsin up, or name it by --at"
            ) from error


def _token(page: str) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', page)
    return found[1] if found else ""
