"""The page of figures: every script has its section with its machine, and one can be measured anew."""

import importlib

import pytest

from benchmarks.__main__ import PAGE, SCRIPTS, main, page, section

HERE = {"processor": "Abacus", "cores": "1"}


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_script_has_its_section_with_figures_and_machine(name):
    parts = {part.split("\n", 1)[0]: part for part in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]}
    assert list(parts) == list(SCRIPTS)
    question, figures, machine = parts[name].split("```")
    assert importlib.import_module(f"benchmarks.{name}").__doc__.strip() in question
    assert len(figures.strip().splitlines()) > 2
    assert "Machine: processor " in machine
    assert "numpy " in machine


def test_one_section_is_written_anew_and_the_others_stay():
    whole = page("", {name: section(name, HERE, [f"old {name}"]) for name in SCRIPTS})
    again = page(whole, {"step": section("step", {"processor": "Slide rule"}, ["new step"])})
    assert [line for line in again.splitlines() if line.startswith("## ")] == [f"## {n}" for n in SCRIPTS]
    assert "new step" in again
    assert "old step" not in again
    assert again.count("Abacus") == len(SCRIPTS) - 1
    assert "old replay" in again
    assert page(again, {}) == again


def test_a_script_that_is_not_there_is_refused_in_a_sentence(capsys):
    assert main(["stpe"]) == 2
    assert capsys.readouterr().err == "benchmarks: no script stpe: choose from " + ", ".join(SCRIPTS) + "\n"
