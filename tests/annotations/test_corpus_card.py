"""The shipped corpus: sound, as large as its card says, and kept apart by split."""

from pathlib import Path

from marsad.annotations.duplicates import near_duplicates
from marsad.annotations.schema import default_labels
from marsad.annotations.statistics import describe
from marsad.annotations.store import read_articles
from marsad.annotations.validation import check_files

DATA = Path(__file__).parents[2] / "annotations/data"
FILES = [DATA / f"{split}.jsonl" for split in ("train", "dev", "test")]
LABELS = ("ACTOR", "PLACE", "WEAPON", "COUNT")


def row(name, articles):
    figures = describe(articles)
    counts = figures["articles"], figures["words"], figures["spans"], *(figures["labels"][x]["spans"] for x in LABELS)
    return f"| {name} | {' | '.join(f'{count:,}' for count in counts)} |"


def test_the_card_states_the_figures_that_the_tool_finds():
    card = (DATA / "README.md").read_text(encoding="utf-8")
    for file in FILES:
        assert row(f"`{file.name}`", read_articles(file)) in card
    assert row("all", [article for file in FILES for article in read_articles(file)]) in card


def test_the_corpus_is_sound_and_no_article_stands_twice():
    located, problems = check_files(FILES, default_labels())
    assert not problems
    assert len(located) >= 300
    assert all(90 <= len(record.article.text.split()) <= 250 for record in located)
    assert not near_duplicates([record.article.text for record in located])
