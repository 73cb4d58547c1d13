"""Results are kept as they come, and nothing is measured twice."""

import pytest

from benchmarks import results


def test_parts_are_measured_once_and_kept_as_they_come(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    asked: list[str] = []

    def measure(part: str) -> dict[str, int]:
        asked.append(part)
        return {"false": len(asked)}

    first = results.of_parts("made", 7, ("nothing", "surge"), measure)
    assert next(first) == ("nothing", {"false": 1})
    assert results.kept("made") == {"seeds": {"7": {"nothing": {"false": 1}}}}, "kept before the next begins"
    assert list(results.of_parts("made", 7, ("nothing", "surge"), measure)) == [("surge", {"false": 2})]
    assert list(results.of_parts("made", 8, ("nothing",), measure)) == [("nothing", {"false": 3})]
    assert results.kept("made")["seeds"]["7"] == {"nothing": {"false": 1}, "surge": {"false": 2}}
    assert asked == ["nothing", "surge", "nothing"]
