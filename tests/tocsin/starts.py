"""Starts of a whole embedded city in one process, one after the other on the same store."""

import json

from tocsin import config
from tocsin.cli import run
from tocsin.wiring import Running


def live(city, store, records, at):
    """A start of the city, what comes then, and its end: its journal, the fold's state, and its ledger."""
    running = Running(config.load(city), store, at)
    try:
        held = running.run
        held.history.append(records)
        held.drain()
        running.housekeeping.round()
        at.at = max([at.at, *(int(r.rows["received_at"].max()) for r in records)])
        ledger = [record for _, record in held.history.stretch(0, held.history.ledger_length())]
        return [*held.history.journal()], held.fold.state, ledger
    finally:
        running.close()


def said(capsys, *arguments):
    """What a command says as JSON."""
    capsys.readouterr()
    assert run([*map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)
