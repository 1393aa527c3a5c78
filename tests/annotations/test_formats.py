"""Formats, both ways: what one writes, every other reads back to the character."""

import json
from dataclasses import replace
from itertools import product

import pytest
from marsad.annotations.formats.base import Options
from marsad.annotations.formats.conversion import FORMATS, guess_source, guess_target, read, write
from marsad.annotations.schema import Article, Span
from marsad.errors import InputError

ANY = Options()
NAMES = {
    "jsonl": "a.jsonl",
    "inline": "a.marked",
    "label-studio": "a.json",
    "doccano": "a.jsonl",
    "prodigy": "a.jsonl",
    "brat": "folder",
    "conll": "a.conll",
    "hf": "a.parquet",
}


def article(id, text, /, *mentions, **meta):
    """An article whose mentions are given as (surface, label), found from left to right; ? makes one optional."""
    spans, at = [], 0
    for surface, label in mentions:
        at = text.index(surface, at)
        spans.append(Span(at, at + len(surface), label.rstrip("?"), label.endswith("?")))
        at += len(surface)
    return Article(id, text, tuple(spans), meta)


HARD = [
    article("plain", "قصف الجيش حلب", ("الجيش", "ACTOR"), ("حلب", "PLACE"), source="وكالة", date="2024-01-31"),
    article("proclitics", "على الهبيطوعابدين ب(4) غارات", ("الهبيط", "PLACE"), ("عابدين", "PLACE"), ("4", "COUNT")),
    article("touching", "ألف باء", ("أل", "ACTOR"), ("ف", "ACTOR"), ("باء", "PLACE")),
    article("optional", "قوات النظام قرب حلب", ("قوات النظام", "ACTOR?"), ("حلب", "PLACE")),
    article("lines", "\n عنوان  \n\n\nقصف\r\nحلب\rثم\tإدلب\n \n", ("حلب", "PLACE"), ("إدلب", "PLACE")),
    article("mention over lines", "قوات\nالنظام السوري\n\n هنا", ("قوات\nالنظام السوري\n\n هنا", "ACTOR")),
    article("marks", "قُتِلَ 🚀 الجُنُودُ بِصَوَارِيخَ 👩🏽‍🚒 مـــن حلب\u200f.", ("الجُنُودُ", "ACTOR"), ("حلب", "PLACE")),
    article("foreign", "\u200eMQ-9 (Reaper) و«درون» \u202bـ\u202c ٣٬٥٠٠", ("MQ-9", "WEAPON"), ("٣٬٥٠٠", "COUNT")),
    article(
        "syntax", "{A:x} \\n \\u0041 # id = 3\n=== y | z=1\n# text = q\n-DOCSTART- O\nO B-X\u2028\x85", ("x", "A B")
    ),
    article("../w:eird|id=1\n\x07", "نص # 1", meta={"nested": [1, None, 2.5]}, n=3, none=None, **{"k=|:": "a|b\n "}),
    article("Case", "نص"),
    article("case", "نص آخر", note=" edges "),
    article("1", "رقم", id="in meta", text="in meta"),
]
PLAIN_LABELS = [replace(item, spans=tuple(replace(s, label=s.label.split()[0]) for s in item.spans)) for item in HARD]


def through(name, articles, path, options=ANY):
    write(articles, path, name, options)
    account = read(path, name, options)
    assert [str(finding) for finding in account.findings] == []
    return account.articles


def optional(articles):
    """Spans compare equal whether optional or not."""
    return [span for item in articles for span in item.spans if span.optional]


@pytest.mark.parametrize(("one", "other"), list(product(FORMATS, FORMATS)))
def test_nothing_is_lost_from_any_format_to_any_other(tmp_path, one, other):
    (tmp_path / "1").mkdir()
    (tmp_path / "2").mkdir()
    between = through(one, PLAIN_LABELS, tmp_path / "1" / NAMES[one])
    after = through(other, between, tmp_path / "2" / NAMES[other])
    assert sorted(after, key=lambda item: item.id) == sorted(PLAIN_LABELS, key=lambda item: item.id)
    assert optional(after) == optional(PLAIN_LABELS)


@pytest.mark.parametrize("name", [name for name in FORMATS if name not in ("brat", "conll")])
def test_labels_of_several_words_stay(tmp_path, name):
    assert through(name, HARD, tmp_path / NAMES[name]) == HARD


@pytest.mark.parametrize("name", ["brat", "conll"])
def test_labels_of_several_words_are_refused_where_the_format_has_none(tmp_path, name):
    with pytest.raises(InputError, match="label 'A B' holds whitespace"):
        write(HARD, tmp_path / "out", name, ANY)


def test_a_folder_of_save_to_disk_is_read_as_the_parquet_file_is(tmp_path):
    assert through("hf", HARD, tmp_path / "dataset") == HARD


@pytest.mark.parametrize("name", FORMATS)
def test_formats_are_guessed_by_their_content(tmp_path, name):
    path = tmp_path / NAMES[name]
    write(PLAIN_LABELS, path, name, ANY)
    assert guess_source(path) == name
    if path.is_file():
        assert guess_source(path.rename(tmp_path / "no-suffix")) == name


def test_formats_are_guessed_by_name_where_there_is_nothing_else_to_go_by(tmp_path):
    assert [guess_target(tmp_path / name) for name in ("a.JSONL", "a.json", "a.marked", "a.tsv", "a.parquet")] == [
        "jsonl",
        "label-studio",
        "inline",
        "conll",
        "hf",
    ]
    with pytest.raises(InputError, match="does not tell the format"):
        guess_target(tmp_path / "folder")
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="neither name nor content"):
        guess_source(tmp_path / "folder")


@pytest.mark.parametrize(
    "tags",
    [
        "B-ACTOR I-ACTOR B-ACTOR O B-PLACE I-PLACE",
        "I-ACTOR I-ACTOR B-ACTOR O I-PLACE I-PLACE",
        "B-ACTOR E-ACTOR S-ACTOR O B-PLACE E-PLACE",
        "B-ACTOR L-ACTOR U-ACTOR O B-PLACE L-PLACE",
    ],
)
def test_conll_is_read_in_every_scheme(tmp_path, tags):
    path = tmp_path / "a.txt"
    words = ["قوات", "النظام", "روسيا", "في", "ريف", "حلب"]
    lines = (f"{word} NN {tag}" for word, tag in zip(words, tags.split(), strict=True))
    path.write_text("-DOCSTART- -X- O\n\n" + "\n".join(lines) + "\n\nثم O\r\nO O\n", encoding="utf-8")
    account = read(path, guess_source(path), ANY)
    (found,) = account.articles
    assert found.text == "قوات النظام روسيا في ريف حلب\nثم O"
    assert found.spans == (Span(0, 11, "ACTOR"), Span(12, 17, "ACTOR"), Span(21, 28, "PLACE"))
    assert account.notes == {"sentences without # text: a space put between tokens": 2}


def test_conll_sentences_with_their_text_are_articles_where_nothing_says_where_one_begins(tmp_path):
    path = tmp_path / "a.conll"
    path.write_text("# sent_id = 1\n# text = قصف، حلب.\nقصف O\n، O\nحلب B-PLACE\n. O\n\nنص O\n", encoding="utf-8")
    account = read(path, "conll", ANY)
    assert [item.text for item in account.articles] == ["قصف، حلب.", "نص"]
    assert account.articles[0].spans == (Span(5, 8, "PLACE"),)
    assert account.notes["comments ignored: # sent_id"] == 1


def test_tags_without_text_or_spans_are_read_from_a_dataset(tmp_path):
    datasets = pytest.importorskip("datasets")
    rows = {"tokens": [["قصف", "حلب"]], "ner_tags": [[0, 1]]}
    features = {"tokens": datasets.List(datasets.Value("string"))}
    features["ner_tags"] = datasets.List(datasets.ClassLabel(names=["O", "B-PLACE"]))
    datasets.Dataset.from_dict(rows, datasets.Features(features)).to_parquet(tmp_path / "a.parquet")
    (found,) = read(tmp_path / "a.parquet", "hf", ANY).articles
    assert found == Article("a-1", "قصف حلب", (Span(4, 7, "PLACE"),))


def test_doccano_is_read_in_its_older_and_newer_shapes(tmp_path):
    path = tmp_path / "a.jsonl"
    entities = [{"id": 7, "start_offset": 4, "end_offset": 7, "label": "PLACE"}]
    records = [
        {"id": 1, "text": "قصف حلب", "entities": entities, "relations": [{"id": 1}], "Comments": []},
        {"id": 2, "data": "قصف إدلب", "labels": [[4, 8, "PLACE"]], "Comments": ["x", "y"], "source": "s"},
    ]
    path.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    account = read(path, "doccano", ANY)
    assert account.articles == [
        Article("1", "قصف حلب", (Span(4, 7, "PLACE"),)),
        Article("2", "قصف إدلب", (Span(4, 8, "PLACE"),), {"source": "s"}),
    ]
    assert account.notes == {"relations ignored": 1, "comments ignored": 2}


def test_prodigy_gives_only_what_was_accepted(tmp_path):
    path = tmp_path / "a.jsonl"
    spans = [{"start": 4, "end": 7, "label": "PLACE", "token_start": 1, "token_end": 1}]
    records = [
        {"text": "قصف حلب", "spans": spans, "_task_hash": 3, "answer": "accept", "meta": {"source": "s"}},
        {"text": "رفض", "answer": "reject"},
        {"text": "تجاهل", "answer": "ignore"},
    ]
    path.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    account = read(path, guess_source(path), ANY)
    assert account.articles == [Article("a-1", "قصف حلب", (Span(4, 7, "PLACE"),), {"source": "s"})]
    assert account.notes == {"examples left out: reject": 1, "examples left out: ignore": 1}


def region(start, end, *labels, **more):
    return {"type": "labels", "value": {"start": start, "end": end, "labels": list(labels)}, **more}


def studio(tmp_path, **task):
    path = tmp_path / "a.json"
    path.write_text(json.dumps([{"id": 9, "data": {"text": "قصف حلب"}, **task}]), encoding="utf-8")
    return path


def test_label_studio_gives_the_annotation_that_counts(tmp_path):
    other = {"completed_by": 2, "result": [region(0, 3, "ACTOR")]}
    ours = {"completed_by": {"id": 1, "email": "a@b.c"}, "result": [region(4, 7, "PLACE"), {"type": "relation"}]}
    guess = [{"result": [region(0, 7, "PLACE")]}]
    both = studio(tmp_path, annotations=[ours, other, {**other, "was_cancelled": True}], predictions=guess)
    account = read(both, "label-studio", ANY)
    (finding,) = account.findings
    assert str(finding).endswith("9: 2 annotations differ (by a@b.c, 2); choose one with --annotator (rejected)")
    account = read(both, "label-studio", Options(annotator="a@b.c"))
    assert account.articles == [Article("9", "قصف حلب", (Span(4, 7, "PLACE"),))]
    assert account.notes == {
        "cancelled annotations ignored": 1,
        "predictions ignored (--predictions reads them)": 1,
        "relation results ignored": 1,
    }
    assert read(both, "label-studio", Options(predictions=True)).articles[0].spans == (Span(0, 7, "PLACE"),)
    true = studio(tmp_path, annotations=[ours, {**other, "ground_truth": True}])
    assert read(true, "label-studio", ANY).articles[0].spans == (Span(0, 3, "ACTOR"),)
    none = read(studio(tmp_path, annotations=[]), "label-studio", ANY)
    assert (none.articles, none.notes) == ([], {"tasks left out: no annotation to read": 1})


def test_predictions_come_back_as_predictions(tmp_path):
    options = Options(predictions=True)
    assert through("label-studio", HARD, tmp_path / "a.json", options) == HARD
    assert read(tmp_path / "a.json", "label-studio", ANY).articles == []


def test_the_labelling_configuration_has_every_label_with_its_colour(tmp_path):
    from xml.etree import ElementTree

    labels = {"ACTOR": 'who "acts" & <speaks>', "PLACE": ""}
    (line,) = write(HARD, tmp_path / "a.json", "label-studio", Options(labels))
    assert line.endswith(str(tmp_path / "a.config.xml"))
    view = ElementTree.parse(tmp_path / "a.config.xml").getroot()
    assert "rtl" in view.get("style")
    tags = [(tag.get("value"), tag.get("background"), tag.get("hint")) for tag in view.iter("Label")]
    assert tags == [("ACTOR", "#0072B2", labels["ACTOR"]), ("PLACE", "#009E73", None)]


def test_marked_files_are_read_as_people_write_them(tmp_path):
    path = tmp_path / "a.marked"
    text = "\ufeff\n=== x | genre=brief | date = 2024 \n\nقصف {A:الجيش} {PLACE?:حلب}\nليلا  \n\n=== y\nنص\n"
    path.write_text(text, encoding="utf-8", newline="\r\n")
    options = Options({"ACTOR": "", "PLACE": ""})
    first, second = read(path, guess_source(path), options).articles
    assert first.text == "قصف الجيش حلب\nليلا"
    assert first.spans == (Span(4, 9, "ACTOR"), Span(10, 13, "PLACE"))
    assert first.spans[1].optional
    assert dict(first.meta) == {"genre": "brief", "date": "2024"}
    assert second == Article("y", "نص")
    write([first], path, "inline", options)
    assert path.read_text(encoding="utf-8") == "=== x | genre=brief | date=2024\nقصف {A:الجيش} {P?:حلب}\nليلا\n"
