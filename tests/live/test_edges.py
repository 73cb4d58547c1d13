"""Every way into a city, tried on the programs that a user starts: the same tests on both transports."""

import base64
import gzip
import json
import signal
import threading
import time

from tests.live.edge_city import lines, stamp
from tests.live.edge_parts import LINES, SECRET, Parts, cloud_event, parts, posts

__all__ = ["parts", "posts"]


def test_each_way_over_http_is_counted(parts: Parts) -> None:
    city = parts.city
    before = city.accepted("hotline")
    two = [parts.call(), parts.call()]
    header = ",".join(two[0])
    table = "\n".join([header, *(",".join(parts.call().values()) for _ in range(2))]).encode()
    packed = gzip.compress(lines([parts.call()]))
    batch = json.dumps([cloud_event(parts.call()), cloud_event(parts.call())]).encode()
    encoded = cloud_event(None, data_base64=base64.b64encode(json.dumps(parts.call()).encode()).decode())
    sent: list[tuple[bytes, str, dict[str, str], int]] = [
        (lines(two), LINES, {}, 2),
        (json.dumps([parts.call(), parts.call(), parts.call()]).encode(), "application/json", {}, 3),
        (table, "text/csv", {}, 2),
        (packed, LINES, {"content_encoding": "gzip"}, 1),
        (json.dumps(cloud_event(parts.call())).encode(), "application/cloudevents+json", {}, 1),
        (json.dumps(encoded).encode(), "application/cloudevents+json", {}, 1),
        (batch, "application/cloudevents-batch+json", {}, 2),
        (json.dumps(parts.call()).encode(), "application/json",
         {"ce_specversion": "1.0", "ce_id": "9", "ce_source": "crm", "ce_type": "call"}, 1),
    ]  # fmt: skip
    for body, kind, headers, count in sent:
        answer = city.post("/intake/hotline", body, kind, **headers)
        assert (answer.status_code, answer.json().get("accepted")) == (202, count), answer.text
    city.until(lambda: city.accepted("hotline"), before + sum(one[3] for one in sent))


def test_a_line_that_is_none_costs_no_other(parts: Parts) -> None:
    city = parts.city
    before, bad = city.accepted("hotline"), city.letters("hotline", "malformed")
    body = b"garbage\n" + lines([parts.call() for _ in range(20)]) + b"{\n"
    assert city.post("/intake/hotline", body, LINES).json()["accepted"] == 22
    city.until(lambda: city.accepted("hotline"), before + 20)
    city.until(lambda: city.letters("hotline", "malformed"), bad + 2)


def test_an_open311_client_reports_and_asks(parts: Parts) -> None:
    city, here = parts.city, {"lat": "30.0145", "long": "113.0105"}
    services = {one["service_code"] for one in city.get("/open311/requests/services.json", secret="").json()}
    assert services == {"gas", "noise", "006"}
    form = {"api_key": SECRET, "service_code": "noise", "description": "Saw at night, 13812345678", **here}
    made = city.form("/open311/requests/requests.json", {**form, "phone": "13812345678"})
    assert made.status_code == 201, made.text
    name = made.json()[0]["service_request_id"]
    again = city.form("/open311/requests/requests.json", {**form, "phone": "13812345678"})
    assert again.json()[0]["service_request_id"] == name
    city.until(lambda: city.get(f"/open311/requests/requests/{name}.json").status_code, 200)
    (shown,) = city.get(f"/open311/requests/requests/{name}.json").json()
    assert (shown["service_code"], shown["status"]) == ("noise", "open")
    assert "138" not in json.dumps(shown), "a phone number is shown"
    assert city.get(f"/open311/requests/tokens/{name}.json").json()[0]["service_request_id"] == name
    # it happened when it came: where the clock's second has changed between the two, they differ in that
    city.until(lambda: sum(city.rejected("requests", why) for why in ("duplicate", "conflict")), 1)
    assert city.accepted("requests") == 1
    page = city.get(f"/open311/requests/requests/{name}.xml")
    assert page.headers["content-type"].startswith("text/xml")
    assert f"<service_request_id>{name}</service_request_id>" in page.text


def test_an_observation_is_counted(parts: Parts) -> None:
    city = parts.city
    before = city.accepted("air")
    body = {"result": 17.5, "phenomenonTime": stamp(), "@iot.id": f"o{next(parts.numbers)}"}
    path = "/sensorthings/air/v1.1/Datastreams('pm-1')/Observations"
    answer = city.post(path, json.dumps(body).encode(), "application/json")
    assert answer.status_code == 201, answer.text
    city.until(lambda: city.accepted("air"), before + 1)


def test_what_was_answered_survives_a_kill_at_once(parts: Parts) -> None:
    city = parts.city
    before = city.accepted("hotline")
    answer = city.post("/intake/hotline", lines([parts.call() for _ in range(3)]), LINES)
    parts.crash()
    assert answer.status_code == 202
    parts.recover()
    city.until(lambda: city.accepted("hotline"), before + 3)


def test_what_is_sent_again_is_answered_and_counted_once(parts: Parts) -> None:
    city = parts.city
    before, twice = city.accepted("hotline"), city.rejected("hotline", "duplicate")
    body = lines([parts.call()])
    for _ in range(3):
        assert city.post("/intake/hotline", body, LINES).status_code == 202
    city.until(lambda: city.rejected("hotline", "duplicate"), twice + 2)
    assert city.accepted("hotline") == before + 1


def test_mqtt_by_topic_to_its_feed(parts: Parts) -> None:
    city = parts.city
    calls, air = city.accepted("hotline"), city.accepted("air")
    parts.publish("calls/north", json.dumps(parts.call()).encode())
    event = json.dumps(cloud_event(parts.call())).encode()
    kind = ("-V", "5", "-D", "PUBLISH", "content-type", "application/cloudevents+json")
    parts.publish("calls/south", event, *kind)
    parts.publish("air/pm-1/level", b"21.5")
    city.until(lambda: city.accepted("hotline"), calls + 2)
    city.until(lambda: city.accepted("air"), air + 1)
    assert city.answered("mqtt", "air", 202) >= 1


def test_mqtt_is_acknowledged_behind_the_write(parts: Parts) -> None:
    """Nothing can be kept, a message comes, everything is killed: the broker still has it."""
    city = parts.city
    before = city.accepted("hotline")
    with parts.nothing_can_be_kept():
        parts.publish("calls/x", json.dumps(parts.call()).encode())
        city.until(lambda: parts.posts.in_flight(parts.name), 1)
        city.kill(signal.SIGKILL)
    city.start()
    city.until(lambda: city.accepted("hotline"), before + 1)
    city.until(lambda: parts.posts.in_flight(parts.name), 0)
    assert city.accepted("hotline") == before + 1


def test_mqtt_through_kills_is_counted_once(parts: Parts) -> None:
    """Each life is killed while its own part of the flood comes."""
    city, count = parts.city, 80
    before = city.accepted("hotline")
    for life in range(3):
        bodies = [json.dumps(parts.call()).encode() for _ in range(count)]
        stream = threading.Thread(target=parts.publish_lines, args=("calls/flood", bodies))
        stream.start()
        if life < 2:
            city.until(lambda: city.answered("mqtt", "hotline", 202) > 0, True)
            city.kill(signal.SIGKILL)
            city.start()
        stream.join()
    city.until(lambda: city.accepted("hotline"), before + 3 * count)
    city.until(lambda: parts.posts.in_flight(parts.name), 0)
    assert city.accepted("hotline") == before + 3 * count


def test_mqtt_3_1_1_speaks_too(parts: Parts) -> None:
    city = parts.city
    before = city.accepted("hotline")
    city.kill(signal.SIGTERM)
    city.change('version = "5"', 'version = "3.1.1"')
    parts.publish("calls/away", json.dumps(parts.call()).encode())  # the session waits for us
    city.start()
    parts.publish("calls/here", json.dumps(parts.call()).encode())
    city.until(lambda: city.accepted("hotline"), before + 2)
    city.until(lambda: parts.posts.in_flight(parts.name), 0)
    assert city.accepted("hotline") == before + 2


def test_a_foreign_topic_is_committed_behind_the_write(parts: Parts) -> None:
    city, topic = parts.city, f"foreign-{parts.name}"
    before = city.accepted("hotline")
    parts.produce(topic, json.dumps(parts.call()).encode(), b"\xff\xfe", None)
    city.until(lambda: city.accepted("hotline"), before + 1)
    city.until(lambda: parts.foreign.committed(parts.name, topic), 3)
    if city.transport == "embedded":  # there the broker goes on while the disk does not
        with parts.nothing_can_be_kept():
            parts.produce(topic, json.dumps(parts.call()).encode())
            for _ in range(4):
                time.sleep(0.5)  # it has been read by then, and cannot be kept
                assert parts.foreign.committed(parts.name, topic) == 3
            city.kill(signal.SIGKILL)
        city.start()
    else:
        parts.produce(topic, json.dumps(parts.call()).encode())
        parts.crash()
        parts.recover()
    city.until(lambda: city.accepted("hotline"), before + 2)
    city.until(lambda: parts.foreign.committed(parts.name, topic), 4)


def test_files_are_taken_once_though_killed(parts: Parts) -> None:
    city = parts.city
    inbox = city.store / "inbox" / "hotline"
    before = city.accepted("hotline")
    draft = inbox / "calls.jsonl.gz.part"
    draft.write_bytes(gzip.compress(lines([parts.call() for _ in range(50)])))
    with parts.nothing_can_be_kept():
        draft.rename(inbox / "calls.jsonl.gz")
        city.kill(signal.SIGKILL)
    city.start()
    city.until(lambda: (inbox / "done" / "calls.jsonl.gz").exists(), True)
    city.until(lambda: city.accepted("hotline"), before + 50)
    assert [path.name for path in inbox.iterdir() if path.is_file()] == []
    assert city.accepted("hotline") == before + 50
