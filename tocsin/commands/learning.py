"""``tocsin labels``, ``train`` and ``models``: learn from what officers answered."""

from pathlib import Path
from typing import Annotated, Any

import typer

from tocsin.commands.options import AsJson
from tocsin.commands.printing import say, say_json, show_table

labels = typer.Typer(help="What is known of a run's alerts.", rich_markup_mode=None)
models = typer.Typer(help="Trained risk models, and the one in force.", rich_markup_mode=None)

RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="A run directory of tocsin replay --out.")]
City = Annotated[Path, typer.Argument(metavar="DIR", help="The city directory.")]
By = Annotated[str, typer.Option("--by", help="Who says so.")]


@labels.command("list")
def list_labels(run: RunArgument, as_json: AsJson = False) -> None:
    """List all labels by when they became known; of two that contradict the later one counts."""
    import msgspec

    from tocsin.clock import text
    from tocsin.labels import labels_of, said
    from tocsin.run_directory import read_run

    found = said(labels_of(read_run(run)))
    if as_json:
        say_json([{**msgspec.to_builtins(one.label), "is_overruled": one.is_overruled} for one in found])
        return
    rows = [
        (text(own.at), own.hotspot, own.verdict, own.source, "overruled" if one.is_overruled else "")
        for one in found
        for own in [one.label]
    ]
    show_table("Labels", ("known at, UTC", "hotspot", "verdict", "by", ""), rows)
    contradicted = sum(one.is_overruled for one in found)
    if contradicted:
        say(f"{contradicted} contradicted by a later one, which counts")


@labels.command("add")
def add_label(
    run: RunArgument,
    hotspot: Annotated[str, typer.Argument(help="Its id, from hotspots.jsonl.")],
    verdict: Annotated[str, typer.Argument(help="confirmed or rejected")],
    by: By,
    at: Annotated[str, typer.Option(help="When it became known, ISO 8601 with offset; else now.")] = "",
) -> None:
    """Add one label; it is known from its time on, not before."""
    from tocsin.labels import add, label

    say(f"{add(run, [label(hotspot, verdict, at, by)])} new")


@labels.command("import")
def import_labels(
    run: RunArgument,
    table: Annotated[Path, typer.Argument(metavar="CSV", help="Columns hotspot, verdict, at.")],
    by: By,
) -> None:
    """Add the labels of a table, all or none."""
    from tocsin.labels import add, imported

    say(f"{add(run, imported(table, by))} new")


def train(
    directory: City,
    runs: Annotated[list[Path], typer.Argument(metavar="RUN…", help="Runs whose alerts were answered.")],
    as_json: AsJson = False,
) -> None:
    """Learn the chance that an alert is confirmed, and judge it on time that it has not seen."""
    from models.training import train as trained
    from tocsin.labels import examples
    from tocsin.model_store import keep

    model = trained(examples(runs))
    path = keep(directory, model)
    if as_json:
        say_json(_facts(model))
        return
    say(f"{path}: {model.labels} answers, {model.held_out} of them held out")
    say(f"Brier {model.brier:.4f}, plain map {model.plain_brier:.4f}, p = {model.p_value:.2g}")
    say(_held(model.reliability))
    say(_verdict(model))


def _held(held: Any) -> str:
    """How chances given on held-out time compare with what came true."""
    luck = "more than luck explains" if held.is_off else "no more than luck explains"
    return (
        f"chances are off by {held.error:.0%} on average; slope {held.slope:.2f}, intercept "
        f"{held.intercept:+.2f} where right ones have 1 and 0: {luck}, p = {held.p_value:.2g}"
    )


def _verdict(model: Any) -> str:
    if not model.is_better:
        return "not better: it stays on the shelf"
    if not model.is_reliable:
        return "better, but its chances do not hold: it stays on the shelf"
    return "better, and its chances hold: tocsin models promote puts it in force"


@models.command("list")
def list_models(directory: City, as_json: AsJson = False) -> None:
    """List trained models, the newest last, and which one is in force."""
    from tocsin.clock import text
    from tocsin.model_store import in_force, kept

    now, found = in_force(directory), kept(directory)
    if as_json:
        say_json({"in_force": now, "models": [_facts(model) for model in found]})
        return
    rows = [
        (m.id[:8], text(m.trained_to), m.labels, f"{m.brier:.4f}", f"{m.plain_brier:.4f}", f"{m.p_value:.2g}",
         f"{m.reliability.error:.0%}" if m.reliability else "?", "in force" if m.id == now else "")
        for m in found
    ]  # fmt: skip
    show_table("Models", ("id", "trained to, UTC", "answers", "Brier", "plain map", "p", "off by", ""), rows)
    say(f"in force: {now if now == 'plain' else now[:8]}")


@models.command("show")
def show_model(directory: City, name: Annotated[str, typer.Argument(help="How its id begins.")]) -> None:
    """Print all of one model as JSON: it is nothing but these numbers."""
    from tocsin.model_store import named

    say_json(_facts(named(directory, name)))


@models.command("promote")
def promote_model(directory: City, name: Annotated[str, typer.Argument(help="How its id begins.")]) -> None:
    """Put a model in force from the next start on, if it beat the plain map and its chances held.

    A running city decides as before until it is started again; that start tells its ledger.
    """
    from tocsin.model_store import promote

    say(_from_when(promote(directory, name)))


@models.command("rollback")
def rollback_model(directory: City) -> None:
    """Put back what was in force before the last promotion, from the next start on."""
    from tocsin.model_store import rollback

    say(_from_when(rollback(directory)))


def _from_when(name: str) -> str:
    """A promotion acts when it is in the ledger, and a start writes it there."""
    return (
        f"{name} is in force from the next start on (tocsin up, worker step); a city that runs now decides "
        "as before until then, and its ledger knows nothing of it"
    )


def _facts(model: Any) -> dict[str, Any]:
    import msgspec

    from models.risk_model import FEATURES

    weights = dict(zip(FEATURES, model.weights, strict=True))
    claims = {"is_better": model.is_better, "is_reliable": model.is_reliable}
    return {"id": model.id, **claims, **msgspec.to_builtins(model), "weights": weights}
