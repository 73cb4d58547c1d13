"""HTTP intake over a real socket: what is accepted is kept, everything else is answered with a reason."""

import gzip
import json
import socket
import threading
import zlib
from collections.abc import Iterator

import httpx
import pytest

from streams.connect.http import Limits, intake_app, records
from streams.connect.refusals import reason_of, refused_as, sentence_of
from streams.connect.unpacking import TooLargeError, gunzip
from streams.errors import BusyError, DataError, TocsinError
from streams.events import Reason
from tests.streams.served import Desk, served

LIMITS = Limits(body_bytes=3 << 20, sent_bytes=2 << 20, body_seconds=0.5)
LINES = b'{"id": 1}\n{"id": 2}\n'
PACKED = gzip.compress(LINES, mtime=0)
BOMB = gzip.compress(bytes(4 << 20), mtime=0)
JSON_LINES = {"content-type": "application/x-ndjson"}


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Desk, httpx.Client, int]]:
    desk = Desk()
    with (
        served(
            intake_app(desk, ("12345", "gas"), lambda: 1_700_000_000, LIMITS, sensorthings=("gas",))
        ) as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
    ):
        yield desk, client, port


@pytest.fixture(autouse=True)
def _forget(running: tuple[Desk, httpx.Client, int]) -> None:
    running[0].kept.clear()
    running[0].refusal, running[0].is_ready = None, True


def test_who_waits_while_the_server_ends_is_told_to_send_again() -> None:
    asked, released = threading.Event(), threading.Event()

    class Slow(Desk):
        def submit_raw(self, *facts: object) -> dict[str, int]:
            asked.set()
            released.wait(60)
            return super().submit_raw(*facts)

    found: list[httpx.Response] = []

    def send() -> None:
        url = f"http://127.0.0.1:{port}/intake/gas"
        found.append(httpx.post(url, content=LINES, headers=JSON_LINES, timeout=60, trust_env=False))

    sender = threading.Thread(target=send)
    app = intake_app(Slow(), ("gas",), lambda: 1_700_000_000, LIMITS)
    with served(app, timeout_graceful_shutdown=1) as port:
        sender.start()
        assert asked.wait(60)
    sender.join()
    released.set()
    (answer,) = found
    assert answer.status_code == 503 and int(answer.headers["retry-after"]) > 0
    assert answer.json()["error"] == "intake: ends before this was surely kept; send it again"


def test_lines_are_kept_before_the_answer(running: tuple[Desk, httpx.Client, int]) -> None:
    desk, client, _ = running
    answer = client.post("/intake/12345", content=LINES, headers=JSON_LINES)
    assert answer.status_code == 202 and answer.json() == {"accepted": 2, "receipt": {"offset": 0}}
    assert desk.kept == [("12345", LINES, "application/x-ndjson", 1_700_000_000, "POST /intake/12345")]


@pytest.mark.parametrize(
    ("body", "kind", "accepted"),
    [
        (b'[{"id": 1}, {"id": 2}, {}]', "application/json", 3),
        (b'{"id": 1}', "application/json; charset=utf-8", 1),
        (b"id,text\n1,a\n2,b\n", "text/csv", 2),
        (LINES, "application/jsonl", 2),
        (b"not json", "application/json", 1),
    ],
)
def test_each_type_is_counted(
    running: tuple[Desk, httpx.Client, int], body: bytes, kind: str, accepted: int
) -> None:
    desk, client, _ = running
    for sent, headers in ((body, {}), (gzip.compress(body), {"content-encoding": "gzip"})):
        answer = client.post("/intake/gas", content=sent, headers={"content-type": kind, **headers})
        assert (answer.status_code, answer.json()["accepted"]) == (202, accepted)
    assert [kept[1] for kept in desk.kept] == [body, body]


REFUSED: list[tuple[str, str, bytes, dict[str, str], int, str]] = [
    ("POST", "/intake/nobody", LINES, {}, 404, "feeds are 12345, gas"),
    ("POST", "/elsewhere", LINES, {}, 404, "nothing is served"),
    ("GET", "/intake/12345", b"", {}, 405, "only POST"),
    ("POST", "/intake/12345", LINES, {"content-type": "text/xml"}, 415, "cannot read text/xml"),
    ("POST", "/intake/12345", LINES, {"content-encoding": "br"}, 415, "cannot unpack br"),
    ("POST", "/intake/12345", b" \n", {}, 400, "empty: send at least one record"),
    (
        "POST",
        "/intake/12345",
        PACKED[:-3],
        {"content-encoding": "gzip"},
        400,
        "cut short",
    ),
    ("POST", "/intake/12345", b"\x1f\x8b rubbish", {"content-encoding": "gzip"}, 400, "damaged"),
    ("POST", "/intake/12345", b"x" * (2 << 20) + b"x", {}, 413, "2097152 bytes"),
    (
        "POST",
        "/intake/12345",
        gzip.compress(bytes(4 << 20), mtime=0),
        {"content-encoding": "gzip"},
        413,
        "unpacks to",
    ),
]


@pytest.mark.parametrize(("method", "path", "body", "headers", "status", "sentence"), REFUSED)
def test_what_cannot_be_kept_is_refused_in_a_sentence(
    running: tuple[Desk, httpx.Client, int],
    method: str, path: str, body: bytes, headers: dict[str, str], status: int, sentence: str,
) -> None:  # fmt: skip
    desk, client, _ = running
    answer = client.request(method, path, content=body, headers={**JSON_LINES, **headers})
    assert answer.status_code == status and sentence in answer.json()["error"]
    is_whole = (status, path) == (415, "/intake/12345") and "content-encoding" not in headers
    kinds = [kept[2] for kept in desk.kept]
    assert kinds == [refused_as(Reason.MALFORMED, answer.json()["error"])] * is_whole
    assert all(reason_of(kind) is Reason.MALFORMED and sentence in sentence_of(kind) for kind in kinds)


@pytest.mark.parametrize(
    ("body", "sentence", "reason"),
    [
        (b"{", "is no JSON: send one object", Reason.MALFORMED),
        (b"[]", "is no JSON object: send one object", Reason.MALFORMED),
        (b'{"value": 1}', "lacks its result: send it", Reason.MISSING_FIELD),
        (b'{"result": 1}', "lacks its Datastream: name it", Reason.MISSING_FIELD),
    ],
)
def test_what_is_no_observation_is_refused_and_kept(
    running: tuple[Desk, httpx.Client, int], body: bytes, sentence: str, reason: Reason
) -> None:
    desk, client, _ = running
    kind = {"content-type": "application/json"}
    answer = client.post("/sensorthings/gas/v1.1/Observations", content=body, headers=kind)
    assert answer.status_code == 400 and sentence in answer.json()["error"]
    assert [kept[1:3] for kept in desk.kept] == [(body, refused_as(reason, answer.json()["error"]))]


def test_a_body_without_announced_length_is_bounded_too(running: tuple[Desk, httpx.Client, int]) -> None:
    desk, client, _ = running
    chunks = (b"y" * 65_536 for _ in range(40))
    assert client.post("/intake/gas", content=chunks, headers=JSON_LINES).status_code == 413
    assert not desk.kept


@pytest.mark.parametrize("is_slow", [False, True])
def test_a_body_that_never_ends_is_not_kept(running: tuple[Desk, httpx.Client, int], is_slow: bool) -> None:
    desk, client, port = running
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(
            b"POST /intake/gas HTTP/1.1\r\nhost: x\r\n"
            b"content-type: text/csv\r\ncontent-length: 99\r\n\r\nid\n1\n"
        )
        if is_slow:
            said = answered(connection)
            assert b"408" in said and b"came too slowly: send it again" in said
    assert client.get("/healthz").status_code == 200
    assert not desk.kept


def answered(connection: socket.socket) -> bytes:
    """All that is answered until the door hangs up."""
    return b"".join(iter(lambda: connection.recv(4_096), b""))


def test_too_much_waiting_and_a_full_disk(running: tuple[Desk, httpx.Client, int]) -> None:
    desk, client, _ = running
    desk.refusal = BusyError("intake", "10000 messages wait")
    answer = client.post("/intake/gas", content=LINES, headers=JSON_LINES)
    assert answer.status_code == 429 and int(answer.headers["retry-after"]) > 0
    desk.refusal = TocsinError("/data", "database or disk is full", "make room")
    answer = client.post("/intake/gas", content=LINES, headers=JSON_LINES)
    assert answer.status_code == 503 and "make room" in answer.json()["error"]


def test_health_and_readiness(running: tuple[Desk, httpx.Client, int]) -> None:
    desk, client, _ = running
    assert client.get("/readyz").status_code == 200
    desk.is_ready = False
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").json() == {"status": "ok"}


def test_a_bomb_is_not_unpacked() -> None:
    one = gzip.compress(bytes(64 << 20))
    with pytest.raises(TooLargeError, match="200 times"):
        gunzip(one, 1 << 30)
    with pytest.raises(TooLargeError, match="more than 5000000 bytes"):
        gunzip(one, 5_000_000)
    many = gzip.compress(bytes(1 << 20)) * 200
    with pytest.raises(TooLargeError):
        gunzip(many, 150 << 20)


def test_members_of_a_gzip_stream_follow_one_another() -> None:
    assert gunzip(gzip.compress(b"a") + gzip.compress(b"b"), 10) == b"ab"
    with pytest.raises(DataError, match="cut short"):
        gunzip(gzip.compress(b"a") + gzip.compress(b"b")[:9], 10)
    with pytest.raises(DataError, match="damaged"):
        gunzip(gzip.compress(b"a") + b"tail", 10)
    broken = bytearray(gzip.compress(json.dumps(list(range(999))).encode()))
    broken[60] ^= 1
    with pytest.raises(DataError):
        gunzip(bytes(broken), 1 << 20)
    assert zlib.decompress(gzip.compress(b"x"), 31) == b"x"


def test_counting_reads_nothing_into_broken_bodies() -> None:
    assert records(b"", "text/csv") == 0
    assert records(b"\xff\xfe\n\n", "application/x-ndjson") == 1
