"""``tocsin compare`` and ``whatif``: what other settings would have decided."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tocsin.commands.options import AsJson, Outside, check_locale
from tocsin.commands.printing import say, say_json, show_table

if TYPE_CHECKING:
    from tocsin.comparing.runs import Compared

Language = Annotated[str, typer.Option("--lang", help="Language of the words: en or zh-CN.")]
MOST_ROWS = 20


def compare(
    a: Annotated[Path, typer.Argument(metavar="A", help="A run directory of tocsin replay --out.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="Another run over the same history.")],
    page: Annotated[
        Path | None, typer.Option("--html", help="Write a page of its own here, in both languages.")
    ] = None,
    lang: Language = "en",
    as_json: AsJson = False,
) -> None:
    """Say what two runs decided otherwise: alerts gained, lost, earlier, later, and modes that differ."""
    from tocsin.comparing.runs import compare as compared
    from tocsin.comparing.runs import facts
    from tocsin.run_directory import read_run

    check_locale(lang, "compare --lang")
    found = compared(read_run(a), read_run(b))
    if page is not None:
        _write(page, found, lang)
    if as_json:
        say_json(facts(found))
    else:
        _show(found, lang)
        if page is not None:
            say(_text(lang, "written", path=str(page)))


def whatif(
    source: Annotated[Path, typer.Argument(metavar="RUN|CITY", help="A run directory, or a city's.")],
    files: Annotated[
        list[str] | None, typer.Argument(metavar="DATA…", help="With a city: its data, as for replay.")
    ] = None,
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Such as policy.enter_buckets=1; may be repeated."),
    ] = None,
    budget: Annotated[
        str, typer.Option(metavar="1,2,5", help="False alarms a week; each is asked apart, all at once.")
    ] = "",
    model: Annotated[
        str,
        typer.Option(
            metavar="plain,3f2a", help="Trained models of the city by how their ids begin; plain: no model."
        ),
    ] = "",
    data: Outside = None,
    out: Annotated[
        Path | None, typer.Option(help="Keep a run and a page of each question here; else they go.")
    ] = None,
    lang: Language = "en",
    as_json: AsJson = False,
) -> None:
    """Replay an archive with other settings: it is read once, however many budgets are asked.

    Keys of detection and policy may be set, and a model may rank alarms from the first bucket on. What people
    did in the recorded history stays as it was.
    """
    from tocsin.asking import ask, variants
    from tocsin.commands.replay_progress import progress
    from tocsin.comparing.runs import compare as compared
    from tocsin.comparing.runs import facts
    from tocsin.what_if import change_of

    check_locale(lang, "whatif --lang")
    questions = variants([change_of(text) for text in sets or ()], budget, model)
    with _folder(out) as folder, _asked(source, tuple(files or ()), data) as asked:
        with progress(asked.history.rows, asked.city.zone) as note:
            base, runs = ask(asked, questions, folder, note)
        found = [compared(base, run) for run in runs]
        if out is not None:
            for one in found:
                _write(out / f"{one.b.path.name}.html", one, lang)
        if as_json:
            say_json([{"question": one.b.path.name, **facts(one)} for one in found])
        else:
            _show_all(found, lang, out)


@contextlib.contextmanager
def _folder(out: Path | None) -> Iterator[Path]:
    if out is not None:
        yield out
        return
    with tempfile.TemporaryDirectory(prefix="tocsin-whatif-") as folder:
        yield Path(folder)


@contextlib.contextmanager
def _asked(source: Path, files: tuple[str, ...], data: Path | None) -> Iterator[Any]:
    from tocsin import asking
    from tocsin.run_directory import is_run

    if is_run(source) and not files:
        with asking.of_run(source) as asked:
            yield asked
    else:
        yield asking.of_city(source, files, data)


def _write(page: Path, found: "Compared", lang: str) -> None:
    from tocsin.comparing.report import report
    from tocsin.run_directory import write_whole

    write_whole(page, report(found, lang).encode())


def _text(lang: str, key: str, **args: str | int) -> str:
    from tocsin.messages import text

    return text(lang, f"comparing-{key}", **args)


def _show_all(found: "list[Compared]", lang: str, out: Path | None) -> None:
    """One comparison in full, several as a table of verdicts."""
    from tocsin.comparing.sentences import Sentences

    if len(found) == 1:
        _show(found[0], lang)
    else:
        said = [Sentences(one, lang) for one in found]
        rows = [(s.run(one.b), s.verdict()) for s, one in zip(said, found, strict=True)]
        head = (said[0]("what"), said[0]("verdict-head", base=said[0]("recorded")))
        show_table(said[0].span(), head, rows, unbroken=head[:1])
    for one in found if out is not None else ():
        say(_text(lang, "written", path=f"{out}/{one.b.path.name}.html"))


def _show(found: "Compared", lang: str) -> None:
    """The verdict, the measures, and what changed."""
    from tocsin.comparing.sentences import Sentences

    s = Sentences(found, lang)
    say(f"A {s.run(found.a)} · B {s.run(found.b)}")
    say(s.verdict())
    for warning in s.warnings():
        say(warning)
    measures = [
        (s(f"measure-{m.key}"), s.figure(m, m.a), s.figure(m, m.b), s.range(m)) for m in found.found.measures
    ]
    show_table(s("costs"), (s("measure"), "A", "B", s("range")), measures)
    changed = [pair for pair in found.found.pairs if pair.change != "same"]
    rows = [
        (s.moment(p.at), s.change(p), s.category(p.told.category, p.told.feed), s.where(p))
        for p in changed[:MOST_ROWS]
    ]
    if rows:
        show_table(s("alerts"), (s("time"), s("change"), s("what"), s("where")), rows)
    modes = [
        (s.moment(d.starts_at), s.unit(d.unit), s.standing(d.a), s.standing(d.b))
        for d in found.found.differences[:MOST_ROWS]
    ]
    if modes:
        show_table(s("differences"), (s("time"), s("unit"), "A", "B"), modes)
    hidden = max(len(changed) - MOST_ROWS, 0) + max(len(found.found.differences) - MOST_ROWS, 0)
    if hidden:
        say(s("more", n=hidden))
