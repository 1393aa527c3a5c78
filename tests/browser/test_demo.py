"""The demo in a real browser: read, look, correct, take away; nothing asks for anything outside this machine."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request

import pytest

pytest.importorskip("gradio", reason="the web app needs marsad[web]")

ARTICLE = "قصف الجيش السوري مدينة إدلب بصاروخين\nوقُتل ٥ مدنيين في حلب 😀 ثم وصلت روسيا إلى حلب."


@pytest.fixture(scope="module")
def demo():
    """The address of ``marsad demo``, started as users do, with a limit low enough to meet."""
    command = [sys.executable, "-m", "marsad", "demo", "--port", "0", "--max-characters", "5000"]
    # A background job of a shell would otherwise never see the interrupt.
    start = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, "HF_HUB_OFFLINE": "1"})
    signal.signal(signal.SIGINT, start)
    line = process.stderr.readline()
    found = re.fullmatch(r"Marsad: (http://127\.0\.0\.1:\d+) \(Ctrl-C stops\)\n", line)
    assert found, line + process.stderr.read()
    yield found[1]
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=20)[1]
    assert "Traceback" not in said
    assert process.returncode in (0, 130)


@pytest.fixture
def read(demo, open_page):
    def read_text(text, **options):
        page = open_page(demo, **options)
        page.get_by_label("Arabic news").fill(text)
        page.get_by_role("button", name="Extract").click()
        page.locator(".article mark").first.wait_for()
        # The parts of an answer are put in one after the other; what is typed before the last would be wiped.
        page.wait_for_timeout(500)
        return page

    return read_text


def marks(page):
    found = page.locator(".article mark")
    return [(each.text_content(), each.get_attribute("data-label")) for each in found.all()]


def correct(page, button, words=None, label=None):
    """Fill the form in, and wait for what the page says was done."""
    page.get_by_role("tab", name="Correct").click()
    if words is not None:
        page.get_by_label("Words").fill(words)
    if label is not None:
        page.get_by_role("radio", name=label).check()
    page.get_by_role("button", name=button, exact=True).click()


def until_marked(page, words, label):
    """Wait for the answer's text and for the article that comes with it, which is drawn anew."""
    page.get_by_text(f"“{words}”: marked as {label}").wait_for()
    page.locator(f".article mark[data-label={label}]", has_text=words).wait_for()


def choose(page, words, act):
    """Choose words in the article; again, as a visitor would, where the page was just being drawn anew."""
    field = page.get_by_label("Words")
    for _ in range(5):
        act()
        for _ in range(30):
            if field.input_value() == words:
                return
            page.wait_for_timeout(100)
    raise AssertionError(f"chose {words}, the page has {field.input_value()!r}")


def annotations(page, tmp_path):
    with page.expect_download() as download:
        page.get_by_role("button", name="Download annotations").click()
    path = tmp_path / "corrected.jsonl"
    download.value.save_as(path)
    return path


def test_marks_read_from_right_to_left_and_look_apart(read):
    page = read(ARTICLE)
    found = marks(page)
    assert ("الجيش السوري", "ACTOR") in found
    assert ("إدلب", "PLACE") in found
    first, second = (page.locator(".article mark").nth(n).bounding_box() for n in (0, 1))
    assert first["x"] > second["x"]
    styles = "element => [getComputedStyle(element).textDecorationStyle, getComputedStyle(element, '::after').content]"
    shown = {tuple(each.evaluate(styles)) for each in page.locator(".article mark").all()}
    assert {("solid", '"ACTOR"'), ("dashed", '"PLACE"'), ("double", '"WEAPON"')} <= shown
    # The letters are those of the article, whatever stands between them on the screen.
    assert page.locator(".article").text_content() == ARTICLE
    page.get_by_role("tab", name="Map").click()
    assert "حلب" in page.locator(".map svg").get_attribute("aria-label")


def test_a_correction_is_a_sound_annotation_file(read, tmp_path):
    page = read(ARTICLE)
    found = marks(page)
    correct(page, "Mark", "مدينة", "PLACE")
    until_marked(page, "مدينة", "PLACE")
    # Select the last word with the pointer's means: the browser counts in UTF-16, after the emoji one ahead of us.
    select_arrived = """() => {
        const walk = document.createTreeWalker(document.querySelector('.article'), NodeFilter.SHOW_TEXT);
        let node; while (walk.nextNode()) if (walk.currentNode.data.includes('وصلت')) node = walk.currentNode;
        const at = node.data.indexOf('وصلت');
        document.getSelection().removeAllRanges();
        document.getSelection().setBaseAndExtent(node, at, node, at + 5);
    }"""
    choose(page, "وصلت", lambda: page.evaluate(select_arrived))
    correct(page, "Mark", label="WEAPON")
    until_marked(page, "وصلت", "WEAPON")
    choose(page, "إدلب", lambda: page.locator(".article mark", has_text="إدلب").press("Enter"))
    correct(page, "Mark", label="ACTOR")
    until_marked(page, "إدلب", "ACTOR")
    choose(page, "الجيش السوري", lambda: page.locator(".article mark", has_text="الجيش السوري").click())
    correct(page, "Remove mark")
    page.get_by_text("no longer marked").wait_for()

    path = annotations(page, tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "marsad", "annotations", "check", path], capture_output=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, b"")
    article = json.loads(path.read_text(encoding="utf-8"))
    assert article["text"] == ARTICLE
    spans = {(ARTICLE[span["start"] : span["end"]], span["label"]) for span in article["spans"]}
    changed = {("الجيش السوري", "ACTOR"), ("إدلب", "PLACE")}
    assert spans == set(found) - changed | {("مدينة", "PLACE"), ("وصلت", "WEAPON"), ("إدلب", "ACTOR")}
    correct(page, "Mark", "ليست هنا", "ACTOR")
    page.get_by_text("not in the text outside the marks").wait_for()
    correct(page, "Undo all")
    page.get_by_text("back to what the model found").wait_for()
    assert marks(page) == found


def test_hostile_articles_stay_text(read):
    hostile = (
        "قصف الجيش السوري إدلب <script>document.title='no'</script><img src=x onerror=\"document.title='no'\"> "
        "${document.title='no'} {{value}} {{{value}}} @children </div><h1>x</h1> &lt;b&gt; \u202eعكس\u202c"
    )
    page = read(hostile)
    page.get_by_role("tab", name="Map").click()
    correct(page, "Mark", "<script>", "WEAPON")
    page.get_by_text("“<script>”: marked as WEAPON").wait_for()
    assert page.locator(".article").text_content() == hostile
    assert page.locator(".article :is(script, img, h1, b)").count() == 0
    assert page.title() == "Marsad"


def test_files_are_read_and_named_but_their_places_never_shown(demo, open_page, tmp_path):
    record = json.dumps({"id": "<b>x</b>", "text": ARTICLE, "date": "2024-01-31"}, ensure_ascii=False)
    rows = tmp_path / "rows.jsonl"
    lines = [record, "{broken", json.dumps({"text": "قصف الجيش\r\n\tحلب"}), json.dumps({"text": "half \ud800"})]
    rows.write_text("\n".join(lines), encoding="utf-8")
    binary = tmp_path / "binary.txt"
    binary.write_bytes(b"\0\1\2\xff")
    page = open_page(demo)
    # The page listens to the field only once all of it is there.
    page.get_by_role("button", name="Extract").wait_for()
    with page.expect_response(lambda answer: "/upload?" in answer.url and answer.ok):
        page.locator("input[type=file]").set_input_files([rows, binary])
    page.locator("tr.file").nth(1).wait_for()
    page.get_by_role("button", name="Extract").click()
    page.locator(".article mark").first.wait_for()
    complaints = page.locator(".notice").all_text_contents()
    assert any(line.startswith("rows.jsonl:2: broken JSON") for line in complaints)
    assert any(line.startswith("binary.txt: a binary file") for line in complaints)
    assert any(line.startswith("rows.jsonl:4: holds half a character") for line in complaints)
    with page.expect_download() as download:
        page.get_by_role("button", name="JSON lines").click()
    saved = tmp_path / "saved.jsonl"
    download.value.save_as(saved)
    records = [json.loads(line) for line in saved.read_text(encoding="utf-8").splitlines()]
    assert [(each["id"], each["meta"]) for each in records] == [
        ("<b>x</b>", {"date": "2024-01-31"}),
        ("rows.jsonl:3", {}),
    ]
    with page.expect_download() as download:
        page.get_by_role("button", name="GeoJSON").click()
    assert len(json.loads(download.value.path().read_text(encoding="utf-8"))["features"]) >= 2
    page.get_by_label("Article", exact=True).click()
    page.get_by_role("option", name="rows.jsonl:3").click()
    page.wait_for_function("() => document.querySelector('.article').textContent === 'قصف الجيش\\r\\n\\tحلب'")


def test_too_much_and_nothing_are_said(demo, open_page):
    page = open_page(demo)
    page.get_by_role("button", name="Extract").click()
    page.get_by_text("Nothing to read").wait_for()
    page.get_by_label("Arabic news").fill("قصف " * 1300)
    page.get_by_role("button", name="Extract").click()
    page.get_by_text("5,200 characters; at most 5,000 in one request.").wait_for()


def test_a_phone_shows_it_without_sideways_scrolling(read):
    page = read(ARTICLE, viewport={"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_page_and_endpoint_share_a_port(demo):
    body = json.dumps({"text": "قصف الجيش حلب"}).encode()
    request = urllib.request.Request(f"{demo}/extract", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        assert json.load(answer)["mentions"]
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
