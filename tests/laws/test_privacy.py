"""The privacy law on the whole embedded run: what identifies a person is in no file."""

import csv
import io
import random
from pathlib import Path

import pytest
from stdnum.cn import ric

from tocsin import config
from tocsin.wiring import Running

STARTER = Path(__file__).parents[2] / "tocsin" / "starter"
NOW = 1_795_000_000
TEXTS = (
    "Smell of gas, call me at {phone}, I live at 12 Canal Street",
    "联系电话{phone}，身份证{identity}，车牌{plate}",
    "{mail} wrote again about the noise；手机：{phone}",
    "证件 {identity} 住在人民路18号3单元501室",
)


def persons(seed: int, count: int) -> list[dict[str, str]]:
    """Invented persons: mobile number, national id with a right check digit, plate, mail address."""
    rng = random.Random(seed)
    return [
        {
            "phone": f"1{rng.choice('3578')}{rng.randrange(10**9):09d}",
            "identity": _identity(rng),
            "plate": f"京{rng.choice('ABCDE')}{rng.randrange(10**5):05d}",
            "mail": f"person{rng.randrange(10**6)}@example.org",
        }
        for _ in range(count)
    ]


def _identity(rng: random.Random) -> str:
    born = f"{rng.randrange(1950, 2005)}{rng.randrange(1, 13):02d}{rng.randrange(1, 28):02d}"
    body = f"110101{born}{rng.randrange(1000):03d}"
    return body + ric.calc_check_digit(body + "0")


@pytest.fixture
def running(tmp_path):
    clock = [NOW]
    installation = config.load(STARTER)
    run = Running(installation, tmp_path / "store", lambda: clock[0], origin_at=NOW - 86_400)
    yield run, clock, tmp_path / "store"
    run.store.close()


def test_nothing_that_identifies_a_person_is_in_any_file(running):
    city, clock, directory = running
    crowd = persons(7, 60)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["number", "called", "subject", "lon", "lat", "street", "text"])
    for number, person in enumerate(crowd):
        subject = "gas smell" if number % 3 else f"nonsense {person['phone']}"  # refused rows are kept too
        text = TEXTS[number % len(TEXTS)].format(**person)
        writer.writerow([number, "2026-11-18 19:00:00", subject, 113.0105, 30.0145, "", text])
    payload = out.getvalue().encode()
    city.run.submit_raw("hotline", payload, "text/csv", NOW, "POST /intake/hotline")
    for _ in range(30):
        clock[0] += 120
        city.run.beat()
        city.run.drain()
    kept = b"".join(path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file())
    assert city.run.store.read("SELECT count(*) FROM event")[0][0] > 0, "something passed the door"
    assert city.run.dead_letters.letters(), "something was refused and kept"
    leaked = [fact for person in crowd for fact in person.values() if fact.encode() in kept]
    assert leaked == []
    assert "‹".encode() in kept, "texts are kept, redacted"


def test_the_check_has_teeth(running):
    """The same look finds what is really written in the clear."""
    _, _, directory = running
    (directory / "leak.txt").write_text("13812345678")
    kept = b"".join(path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file())
    assert b"13812345678" in kept
