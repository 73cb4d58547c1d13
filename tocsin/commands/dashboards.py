"""``tocsin dashboards``: bring the wall to a Grafana, compare it, annotate it, preview it without one."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tocsin.commands.options import CityArgument, Store, check_locale
from tocsin.commands.printing import complain, say, show_table

if TYPE_CHECKING:
    from tocsin.dashboards.grafana import Grafana

app = typer.Typer(help="The operator's wall in Grafana.", rich_markup_mode=None)

Url = Annotated[
    str,
    typer.Option("--url", envvar="TOCSIN_GRAFANA_URL", help="Address of Grafana, with its path."),
]
LOCAL = "http://127.0.0.1:3000"
TOKEN = "TOCSIN_GRAFANA_TOKEN"  # noqa: S105 - the name of the variable, not its content


@app.command()
def push(
    url: Url = LOCAL,
    prometheus: Annotated[
        str, typer.Option(help="Also set the data source to this address of Prometheus, as Grafana sees it.")
    ] = "",
    force: Annotated[bool, typer.Option("--force", help="Overwrite what was edited by hand.")] = False,
) -> int:
    """Save folders and dashboards of both languages in Grafana; what is there already stays.

    The token of a service account is read from TOCSIN_GRAFANA_TOKEN. A dashboard that somebody saved since
    the last push is left alone, and the command leaves with 1.
    """
    from tocsin.dashboards import pushing

    rows = list(pushing.push(_grafana(url), prometheus, force))
    show_table(url, ("uid", "outcome"), rows)
    edited = [uid for uid, outcome in rows if outcome == "edited by hand"]
    if edited:
        complain(f"tocsin: {', '.join(edited)}: edited by hand; see tocsin dashboards diff, or push --force")
    return 1 if edited else 0


@app.command()
def diff(url: Url = LOCAL) -> int:
    """Say how the dashboards in Grafana differ from what a push would save; leaves with 1 if they do."""
    from tocsin.dashboards import pushing

    found = dict(pushing.differences(_grafana(url)))
    for text in found.values():
        if text:
            say(text.rstrip("\n"))
    changed = [uid for uid, text in found.items() if text]
    say(f"{len(found) - len(changed)} of {len(found)} dashboards are as they should be")
    return 1 if changed else 0


@app.command()
def annotate(
    directory: CityArgument = Path(),
    store: Store = Path("store"),
    url: Url = LOCAL,
    lang: Annotated[str, typer.Option(help="Language of the words: en or zh-CN; else the city's.")] = "",
    days: Annotated[int, typer.Option(help="How far back, from the newest entry.", min=1)] = 30,
) -> None:
    """Mark the journal's real changes of mode on the dashboards; each is written once."""
    from tocsin import config
    from tocsin.dashboards import pushing

    city = config.load_city(directory)
    locale = lang or city.locale
    check_locale(locale, "dashboards --lang")
    notes = pushing.mode_switches(city, store, locale, days)
    written = _grafana(url).annotate(notes)
    say(f"{written} of {len(notes)} changes of mode written, the others were there")


def _grafana(url: str) -> "Grafana":
    import os

    from streams.errors import ConfigError
    from tocsin.dashboards.grafana import Grafana

    token = os.environ.get(TOKEN, "")
    if not token:
        raise ConfigError(
            "dashboards", f"the variable {TOKEN} is not set", "make a service account's token in Grafana"
        )
    return Grafana(url, token)


@app.command()
def preview(
    prometheus: Annotated[str, typer.Option(help="Address of Prometheus.")] = "http://127.0.0.1:9090",
    out: Annotated[Path, typer.Option(help="The page to write.")] = Path("preview.html"),
    city: Annotated[str, typer.Option(help="Label of the city; else the first that Prometheus knows.")] = "",
    lang: Annotated[str, typer.Option(help="Language: en or zh-CN.")] = "en",
    minutes: Annotated[int, typer.Option(help="How far back charts go.", min=1)] = 60,
) -> None:
    """Draw all dashboards with a Prometheus' real answers into one page that needs no Grafana."""
    from streams.errors import DataError
    from tocsin import clock
    from tocsin.dashboards.asking import Prometheus, Stretch
    from tocsin.dashboards.board import BOARDS, board_json
    from tocsin.dashboards.preview import page

    check_locale(lang, "dashboards --lang")
    server, now = Prometheus(prometheus), clock.now()
    cities = server.cities()
    if not city and not cities:
        raise DataError(
            f"Prometheus {prometheus}", "knows no city", "let it scrape tocsin up, with a label city"
        )
    boards = [board_json(board, lang) for board in BOARDS]
    chosen = city or cities[0]
    out.write_text(page(boards, lang, server, chosen, Stretch(now - 60 * minutes, now)), encoding="utf-8")
    say(f"{out}: {chosen}, {len(boards)} dashboards; a preview, not Grafana")
