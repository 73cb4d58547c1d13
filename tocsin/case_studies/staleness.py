"""Of which inputs and of which behaviour a page is: digests that can be compared without a whole replay."""

import hashlib
from pathlib import Path
from typing import Final

import msgspec

from detectors.findings import Findings
from tocsin.case_studies.known import Study
from tocsin.pipeline import Outcome
from tocsin.places import PLACES_FILE
from tocsin.replaying import HISTORY_FILE
from tocsin.toml_reader import read_toml

BEHAVIOUR_WEEKS: Final = 12
WEEK: Final = 7 * 86_400


class Behaviour:
    """Digest of everything that is decided on the first weeks: hotspots, silences, journal.

    It does not depend on how the ledger is cut. What shows only later is not in it.
    """

    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=16)
        self._journal, self._ends_at, self.is_over = "", 0, False

    def take(self, outcome: Outcome) -> None:
        """Take the outcome of the next record."""
        for bucket, findings in zip(outcome.sealed, outcome.findings, strict=True):
            self._ends_at = self._ends_at or bucket.opens_at + BEHAVIOUR_WEEKS * WEEK
            self.is_over = bucket.closes_at > self._ends_at
            if not self.is_over:
                self._hash.update(_told(bucket.closes_at, findings))
        for entry in outcome.entries:
            if entry.at <= self._ends_at:
                self._journal = entry.hash

    def digest(self) -> str:
        """In hex."""
        whole = self._hash.copy()
        whole.update(self._journal.encode())
        return whole.hexdigest()


def inputs(city: Path, study: Study, data: Path) -> dict[str, str]:
    """The digest of each input: the city's own files as one, and every data file that it reads."""
    digests = {"config": config_digest(city)}
    return digests | {name: _digest((data / name).read_bytes()) for name in data_files(city, study)}


def config_digest(city: Path) -> str:
    """Of all files of the city's folder, in the order of their names."""
    files = sorted(path for path in city.rglob("*") if path.is_file())
    parts = ((str(path.relative_to(city)).encode(), path.read_bytes()) for path in files)
    return _digest(b"".join(b"%s\0%d\0%s" % (name, len(body), body) for name, body in parts))


def data_files(city: Path, study: Study) -> tuple[str, ...]:
    """The files outside the project from which the study is made."""
    named = [study.file, study.feed_clock, *read_toml(city / HISTORY_FILE)["files"].values()]
    if (city / PLACES_FILE).exists():
        named.append(read_toml(city / PLACES_FILE)["file"])
    return tuple(sorted({name for name in named if name}))


def _told(closes_at: int, findings: Findings) -> bytes:
    hotspots = [(h.id, h.risk, h.areas) for h in findings.hotspots]
    silent = [(s.feed, s.areas, s.since_at) for s in findings.silent]
    return msgspec.json.encode((closes_at, hotspots, silent))


def _digest(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=16).hexdigest()
