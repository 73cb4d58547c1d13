"""The command line: what each command is called, and how every failure leaves it.

Exit codes: 0 done; 1 an error; 2 wrong usage or configuration; 3 data that cannot be read; 4 what is stored
contradicts itself; 5 another process owns it; 6 the disk refuses; 7 a server that is needed does not answer;
130 interrupted.
"""

import errno
import os
import sys
from collections.abc import Iterator, Sequence
from importlib import metadata
from typing import Annotated, Any, Final

import typer

from streams.errors import TocsinError
from tocsin.commands import (
    audit,
    comparing,
    dashboards,
    dead_letters,
    demonstrating,
    drills,
    escalation,
    exporting,
    keys,
    learning,
    live,
    people,
    running,
    scoring,
    setting_up,
    tuning,
)
from tocsin.commands.printing import complain, say

EXIT_CODES: Final = {
    0: "done",
    1: "an error, or a check that found something",
    2: "wrong usage or configuration",
    3: "data that cannot be read",
    4: "what is stored contradicts itself",
    5: "another process owns it",
    6: "the disk refuses",
    7: "a server that is needed does not answer",
    130: "interrupted",
}
INTERRUPTED: Final = 130

FULL_DISK: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EFBIG})
WRONG_PATH: Final = frozenset(
    {errno.ENOENT, errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.EACCES, errno.EPERM}
)

REFERENCE_WIDTH: Final = 100

app = typer.Typer(
    name="tocsin",
    help="Open risk early warning for cities: event streams in, explained decisions out.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: " + "; ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES.items()) + ".",
)
app.command("init", short_help="Write a small commented city to begin from.")(setting_up.init)
app.command("check", short_help="Say what holds together and what would be refused.")(setting_up.check)
app.command("demo", short_help="Let a story happen in a simulated city.")(demonstrating.demo)
app.command("up", short_help="Run a city live in one process.")(running.up)
app.command("replay", short_help="Replay recorded history.")(running.replay)
app.command("compare", short_help="Say what two runs decided otherwise.")(comparing.compare)
app.command("whatif", short_help="Replay an archive with other settings.")(comparing.whatif)
app.command("tune", short_help="Show what each alarm budget would have cost.")(tuning.tune)
app.command("export", short_help="Write a run as Parquet, k-anonymous.")(exporting.export)
app.add_typer(learning.labels, name="labels", short_help="What is known of a run's alerts.")
app.command("train", short_help="Learn from what officers answered.")(learning.train)
app.add_typer(learning.models, name="models", short_help="Trained models, and the one in force.")
app.command("score", short_help="Score a table of counts, without any set-up.")(scoring.score)
app.add_typer(live.workers, name="worker", short_help="Run the live workers on a broker.")
app.add_typer(live.topics, name="topics", short_help="Make and check the broker's topics.")
app.add_typer(keys.app, name="keys", short_help="API keys of those who send.")
app.add_typer(people.app, name="people", short_help="Who may sign in to the console.")
app.add_typer(drills.app, name="drill", short_help="Exercises, and what came of them.")
app.add_typer(escalation.app, name="escalation", short_help="Play histories, print the table.")
app.add_typer(audit.app, name="audit", short_help="Prove the journal whole.")
app.add_typer(dashboards.app, name="dashboards", short_help="The wall in Grafana.")
app.add_typer(dead_letters.app, name="dead-letters", short_help="What could not be read.")
app.command("doctor", short_help="Look at this machine and its data.")(setting_up.doctor)


@app.callback(invoke_without_command=True)
def _begin(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and leave.")] = False,
) -> None:
    if version:
        say(f"tocsin {metadata.version('tocsin')}")
    elif context.invoked_subcommand is None:
        say(context.get_help())


def run(arguments: Sequence[str]) -> int:
    """Run one command line; every failure becomes one sentence and an exit code."""
    try:
        code = app(args=list(arguments), prog_name="tocsin", standalone_mode=False)
        if code == INTERRUPTED:
            complain("tocsin: interrupted")
        return code if isinstance(code, int) else 0
    except TocsinError as error:
        return _refused(error, str(error), error.exit_code)
    except typer.TyperException as error:
        hint = "; see --help" if error.exit_code == 2 else ""
        return _refused(error, error.format_message().rstrip(".") + hint, error.exit_code)
    except (KeyboardInterrupt, typer.Abort) as error:
        return _refused(error, "interrupted", INTERRUPTED)
    except BrokenPipeError:  # the reader of our output has gone: nothing is wrong
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        code, remedy = _of_the_system(error)
        return _refused(error, f"{error.filename or 'system'}: {error.strerror or error}{remedy}", code)
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        return _refused(error, f"tocsin itself failed: {what}; set TOCSIN_DEBUG=1 to see where", 1)


def _of_the_system(error: OSError) -> tuple[int, str]:
    """Exit code and remedy of what the system refuses."""
    if error.errno in FULL_DISK:
        return 6, "; make room, or mend the disk"
    if error.errno in WRONG_PATH:
        return 2, "; name another path, or change what is there"
    return 1, ""


def main() -> None:
    """Entry point of the console script."""
    sys.exit(run(sys.argv[1:]))


def _refused(error: BaseException, sentence: str, code: int) -> int:
    if os.environ.get("TOCSIN_DEBUG"):
        raise error
    complain(f"tocsin: {sentence}")
    return code


def commands() -> list[tuple[str, str]]:
    """Every command line with its help text, for the reference."""
    return [
        (name, command.get_help(typer.Context(command, info_name=name, terminal_width=REFERENCE_WIDTH)))
        for name, command in _leaves("tocsin", typer.main.get_command(app))
    ]


def _leaves(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Commands that do something, by their path, in the order of the help."""
    inner = getattr(command, "commands", {})
    if not inner:
        yield path, command
    for name, child in inner.items():
        yield from _leaves(f"{path} {name}", child)
