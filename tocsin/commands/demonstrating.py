"""``tocsin demo``: a story in a simulated city, as a table and on the console."""

import contextlib
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from tocsin.commands.options import AsJson, check_locale
from tocsin.commands.printing import say, say_json, show_table

if TYPE_CHECKING:
    from tocsin.demo.driver import Demo
    from tocsin.demo.telling import Narrator

WEEKS: Final = 9
"""Two of warming up and six of scores, so that the alarm budget rests on the city's own history, and one."""


def demo(
    seed: Annotated[int, typer.Option(help="Another seed tells another story.")] = 1,
    weeks: Annotated[int, typer.Option(help="Weeks of history before the story.", min=3)] = WEEKS,
    city: Annotated[Path | None, typer.Option(help="Another city with a scenario.toml.")] = None,
    store: Annotated[Path | None, typer.Option(help="Keep the data directory here; it must be new.")] = None,
    port: Annotated[
        int | None, typer.Option(help="Of the console; any free one unless given.", min=0, max=65_535)
    ] = None,
    lang: Annotated[str, typer.Option(help="Language of the table: en or zh-CN; else the city's.")] = "",
    as_json: AsJson = False,
) -> None:
    """Let a written story happen in a simulated city, print what was seen, and serve the console.

    Without a terminal it ends after the table.
    """
    import msgspec

    from tocsin import config
    from tocsin.demo.driver import Demo, demo_city
    from tocsin.demo.table import tale
    from tocsin.demo.telling import Narrator

    if lang:
        check_locale(lang, "demo --lang")
    installation = config.load(city or demo_city())
    with (
        _data_directory(store) as directory,
        contextlib.closing(Demo(installation, directory, seed, weeks)) as played,
    ):
        narrator = Narrator(installation, lang or installation.city.locale)
        with _progress(narrator.locale) as note:
            played.play(note)
        if as_json:
            say_json(msgspec.to_builtins(tale(played)))
        else:
            _show(played, narrator)
        if sys.stdout.isatty() and not as_json:
            _serve(played, narrator.locale, port or 0)


def _show(played: "Demo", narrator: "Narrator") -> None:
    from tocsin.demo.table import tale
    from tocsin.messages import text

    told = tale(played)
    head, rows = narrator.head(), [narrator.row(part) for part in told.parts]
    show_table(narrator.title(told), head, rows, unbroken=head[-1:])
    if told.false_alarms:
        rows = [narrator.false_row(part) for part in told.false_alarms]
        show_table(text(narrator.locale, "demo-false-title"), narrator.false_head(), rows)
    else:
        say(text(narrator.locale, "demo-no-false"))
    say(narrator.summary(told))
    say(text(narrator.locale, "demo-hash", hash=told.last_hash))


def _serve(played: "Demo", locale: str, port: int) -> None:
    from tocsin.messages import text
    from tocsin.wiring import serve

    with played.going_on():
        serve(played.running, port, lambda at: say(text(locale, "demo-console", address=at)))


@contextlib.contextmanager
def _data_directory(store: Path | None) -> Iterator[Path]:
    """The named directory, which must not hold a run yet, or one that is gone afterwards."""
    from streams.errors import ConfigError

    if store is not None:
        if store.is_dir() and any(store.iterdir()):
            raise ConfigError(str(store), "is not empty", "name a new directory")
        yield store
        return
    made = Path(tempfile.mkdtemp(prefix="tocsin-demo-"))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextlib.contextmanager
def _progress(locale: str) -> Iterator[Callable[[str, float], None]]:
    """Two bars on standard error; none without a terminal."""
    if not sys.stderr.isatty():
        yield lambda _part, _share: None
        return
    from rich.console import Console
    from rich.progress import Progress

    from tocsin.messages import text

    with Progress(console=Console(stderr=True), transient=True) as bar:
        tasks = {
            part: bar.add_task(text(locale, f"demo-progress-{part}"), total=1.0)
            for part in ("history", "story")
        }
        yield lambda part, share: bar.update(tasks[part], completed=share)
