"""The HTTP endpoint: what it takes, gives and refuses."""

import asyncio
import json
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

pytest.importorskip("gradio", reason="the web app needs marsad[web]")

from fastapi.testclient import TestClient
from marsad.annotations.inline import parse_inline
from marsad.annotations.schema import Span
from marsad.errors import InputError
from marsad.inference.mentions import Mention
from marsad.inference.readers import Document
from marsad.inference.web.api import build_api
from marsad.inference.web.correction import find, mark, trimmed, unmark
from marsad.inference.web.records import Record
from marsad.inference.web.server import is_loopback, serve
from marsad.inference.web.workers import Limits, Refused, Workers
from marsad.inference.writers import to_line

LABELS = ["ACTOR", "PLACE", "WEAPON", "COUNT"]


class Fake:
    """Finds each article's first word; waits in between for as long as it is told to."""

    def __init__(self):
        self.go = threading.Event()
        self.go.set()
        self.running = self.abandoned = 0

    def stream(self, texts, on_batch):
        self.running += 1
        try:
            for text in texts:
                while not self.go.wait(0.01):
                    on_batch(1)
                if text == "boom":
                    raise RuntimeError("no such luck\nTraceback")
                word = text.split()[0]
                yield [Mention(0, len(word), "ACTOR", word, 1.0)]
        except Exception:
            self.abandoned += 1
            raise
        finally:
            self.running -= 1


@pytest.fixture
def fake():
    fake = Fake()
    yield fake
    fake.go.set()


def client(extractor, **limits):
    return TestClient(build_api(Workers(extractor, Limits(**limits)), LABELS), raise_server_exceptions=False)


def until(condition):
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_one_article_gives_a_record_and_a_list_gives_a_list(fake):
    with client(fake) as http:
        one = http.post("/extract", json={"text": "حماس في غزة"}).json()
        assert one == {
            "id": "1",
            "text": "حماس في غزة",
            "meta": {},
            "mentions": [{"start": 0, "end": 4, "label": "ACTOR", "text": "حماس", "score": 1.0}],
        }
        many = http.post("/extract", json=[{"id": 7, "text": "أ"}, {"text": "ب"}]).json()
        assert [(record["id"], record["text"]) for record in many] == [("7", "أ"), ("2", "ب")]


def test_records_are_those_of_the_command_line(shipped):
    text = "قصف الجيش السوري مدينة إدلب بصاروخين وقتل 5 مدنيين 😀 \ud800"
    with client(shipped) as http:
        answer = http.post("/extract", content=json.dumps({"id": "x", "text": text}), headers=JSON)
    assert answer.text + "\n" == to_line(Document("x", text), shipped(text))
    record = Record.model_validate_json(answer.text.replace("\\ud800", "?"))
    assert [mention.label for mention in record.mentions] == ["ACTOR", "PLACE", "WEAPON", "COUNT"]


JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (400, b"{broken", "broken JSON: "),
        (400, b'{"text": "\xff"}', "error parsing the body"),
        (422, b"", "required"),
        (422, b'"text"', "valid dictionary"),
        (422, b"[]", "at least 1 item"),
        (422, b'{"txt": "x"}', "text: Field required"),
        (422, b'{"text": "x", "labels": []}', "labels: Extra inputs"),
        (422, b'[{"text": "x"}, {"text": " \\n"}]', "article 2: text: empty; nothing to read"),
        (422, b'{"text": 5}', "text: Input should be a valid string"),
        (413, json.dumps({"text": "x" * 101}).encode(), "101 characters; at most 100"),
        (413, json.dumps([{"text": "x" * 60}] * 2).encode(), "120 characters; at most 100"),
        (413, b'"' + b"x" * 100_000, "bytes; send shorter articles"),
        (500, b'{"text": "boom"}', "extraction failed: RuntimeError: no such luck"),
    ],
)
def test_what_cannot_be_served_is_refused_in_one_line(fake, status, body, said):
    with client(fake, characters=100) as http:
        answer = http.post("/extract", content=body, headers=JSON)
    assert answer.status_code == status
    detail = answer.json()["detail"]
    assert said in detail
    assert "\n" not in detail


def test_a_form_is_told_to_be_json(fake):
    with client(fake) as http:
        answer = http.post("/extract", data={"text": "x"})
        assert (answer.status_code, "Content-Type" in answer.json()["detail"]) == (415, True)


def test_late_work_is_given_up_and_its_thread_freed(fake):
    fake.go.clear()
    with client(fake, timeout=0.1, workers=1, waiting=0) as http:
        answer = http.post("/extract", json={"text": "x"})
        assert (answer.status_code, "0.1 seconds" in answer.json()["detail"]) == (504, True)
        until(lambda: fake.abandoned == 1 and fake.running == 0)
        fake.go.set()
        until(lambda: http.post("/extract", json={"text": "x"}).status_code == 200)


def test_no_more_requests_than_places(fake):
    fake.go.clear()

    async def crowd():
        workers = Workers(fake, Limits(workers=2, waiting=3, timeout=10))
        asked = [asyncio.ensure_future(workers.extract(["x"])) for _ in range(9)]
        await asyncio.sleep(0.1)
        running = fake.running
        fake.go.set()
        return running, await asyncio.gather(*asked, return_exceptions=True)

    # In a thread of its own: the browser tests leave a loop running in this one.
    with ThreadPoolExecutor(1) as thread:
        running, answers = thread.submit(asyncio.run, crowd()).result()
    assert running == 2
    assert [answer.status for answer in answers if isinstance(answer, Refused)] == [503] * 4


def test_a_full_server_says_when_to_come_back(fake):
    fake.go.clear()
    with client(fake, workers=1, waiting=0) as http:
        waiting = threading.Thread(target=http.post, args=("/extract",), kwargs={"json": {"text": "x"}})
        waiting.start()
        until(lambda: fake.running)
        # The server answers while a thread is at work.
        assert http.get("/health").status_code == 200
        answer = http.post("/extract", json={"text": "x"})
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        fake.go.set()
        waiting.join()


def test_the_description_names_each_answer_and_loads_nothing(fake):
    with client(fake) as http:
        described = http.get("/openapi.json").json()
        assert {"200", "413", "422", "503", "504"} <= set(described["paths"]["/extract"]["post"]["responses"])
        assert "Record" in described["components"]["schemas"]
        assert http.get("/docs").status_code == 404
        assert http.get("/health").json()["labels"] == LABELS


def test_marks_give_way_to_new_ones():
    article = parse_inline("قصف {A:الجيش} السوري {P:حلب} و{P:حلب}", "x")
    wider = mark(article, 4, 17, "ACTOR")
    assert [article.text[span.start : span.end] for span in wider.spans] == ["الجيش السوري", "حلب", "حلب"]
    assert mark(wider, 4, 17, "PLACE").spans[0] == Span(4, 16, "PLACE")
    assert len(unmark(wider, 15, 18).spans) == 1
    with pytest.raises(InputError, match="no mark there"):
        unmark(article, 0, 3)


def test_typed_words_are_found_among_marks_or_outside_them():
    article = parse_inline("{P:حلب} ثم حلب", "x")
    assert (find(article, " حلب ", marked=True), find(article, "حلب", marked=False)) == ((0, 3), (7, 10))
    for words, marked in (("", False), ("حمص", False), ("ثم", True)):
        with pytest.raises(InputError):
            find(article, words, marked)


def test_a_selection_keeps_marks_beside_their_letters():
    text = " قُتِلَ أمس"
    assert text[slice(*trimmed(text, 0, 6))] == "قُتِلَ"
    assert text[slice(*trimmed(text, 2, 99))] == "قُتِلَ أمس"
    with pytest.raises(InputError):
        trimmed(text, 0, 1)


def test_what_keeps_the_server_from_starting_is_one_line(fake, monkeypatch):
    assert [is_loopback(host) for host in ("127.0.0.1", "localhost", "0.0.0.0")] == [True, True, False]
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(InputError, match="already in use"):
        serve(fake, Limits(), "127.0.0.1", taken.getsockname()[1])
    with pytest.raises(InputError, match="no address"):
        serve(fake, Limits(), "no such host", 0)
    monkeypatch.setitem(sys.modules, "gradio", None)
    with pytest.raises(InputError, match="marsad\\[web]"):
        serve(fake, Limits(), "127.0.0.1", 0)
