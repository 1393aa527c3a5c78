"""Statistics: proclitics, ambiguous surfaces, likely slips, odd edges, digits."""

import io

from marsad.annotations.inline import parse_inline
from marsad.annotations.schema import Article, Span
from marsad.annotations.statistics import as_table, describe
from rich.console import Console


def figures_of(*marked):
    return describe(parse_inline(text, f"a{number}") for number, text in enumerate(marked))


def test_mentions_inside_words_are_counted_by_their_proclitics(articles):
    labels = describe(articles)["labels"]
    assert labels["WEAPON"]["proclitics"] == {"ب": 2}
    assert labels["PLACE"]["proclitics"] == {"و": 1}
    assert labels["ACTOR"]["proclitics"] == {"ل": 1}
    assert labels["COUNT"]["inside_word"] == 0


def test_a_lam_before_the_article_is_told_from_one_before_a_name():
    figures = figures_of("دعم ل{A:لتحالف} ول{P:لبنان}", "في {P:لبنان}", "وب{P:حلب} ول{A:لجيش}")
    assert figures["labels"]["ACTOR"]["proclitics"] == {"لل": 1, "ولل": 1}
    assert figures["labels"]["PLACE"]["proclitics"] == {"ول": 1, "وب": 1}


def test_ambiguous_surfaces_come_with_a_context_for_each_label():
    (row,) = figures_of("أعلنت {A:روسيا} انسحابها", "زار {P:روسيا} و{P:حلب}", "قالت {A:روسيا}")["ambiguous"]
    assert row["surface"] == "روسيا"
    assert {label: example["count"] for label, example in row["labels"].items()} == {"ACTOR": 2, "PLACE": 1}
    assert row["labels"]["PLACE"]["id"] == "a1"
    assert row["labels"]["PLACE"]["before"] == "زار "


def test_a_surface_left_unmarked_once_is_shown_where_it_is():
    marked = ["قصف {A:قوات النظام} {P:حلب}"] * 3
    figures = figures_of(*marked, "دخلت وقوات النظام، مدينة {P:إدلب} وحلبة السباق")
    (row,) = figures["unmarked"]
    assert (row["surface"], row["labels"], row["unmarked"], row["id"]) == ("قوات النظام", {"ACTOR": 3}, 1, "a3")
    assert (row["before"], row["mention"]) == ("دخلت و", "قوات النظام")


def test_a_surface_mostly_unmarked_is_no_slip():
    assert figures_of("قتل {C:واحد}", "كل واحد منهم", "كل واحد هنا")["unmarked"] == []


def test_marks_and_longer_mentions_do_not_hide_or_fake_a_slip():
    assert figures_of("في {P:حَلَب}", "في {P:حلب}", "{P:ريف حلب}")["unmarked"] == []
    assert figures_of("في {P:حَلَب}", "في {P:حلب}", "نحو حلَب")["unmarked"][0]["mention"] == "حلَب"


def test_edges_that_cut_a_word_are_listed():
    text = "قصف الجيش حلبات"
    (row,) = describe([Article("x", text, (Span(10, 13, "PLACE"),))])["odd_edges"]
    assert (row["id"], row["start"], row["mention"]) == ("x", 10, "حلب")
    assert figures_of("ب{P:حلب}")["odd_edges"] == []


def test_kinds_of_digits_lengths_sources_and_months():
    articles = [
        Article("a", "قتل 12 و٣٤", (Span(4, 6, "COUNT"),), {"source": "s", "date": "2024-05-31"}),
        Article("b", "قتل ۵۶ أمس هنا", (), {"source": "t"}),
    ]
    figures = describe(articles)
    assert figures["digits"] == {
        "Western": {"numbers": 1, "in_mentions": 1},
        "Arabic": {"numbers": 1, "in_mentions": 0},
        "Persian": {"numbers": 1, "in_mentions": 0},
    }
    assert (figures["shortest_words"], figures["longest_words"]) == (3, 4)
    assert figures["sources"] == {"s": 1, "t": 1}
    assert figures["months"] == {"": 1, "2024-05": 1}


def test_the_terminal_gets_no_markup_and_no_control_characters():
    hostile = "[red]قصف\u202e\x1b[31m حلب"
    out = io.StringIO()
    articles = [
        Article("[b]x", hostile, (Span(0, 5, "A"), Span(5, 9, "B"))),
        Article("y", "[red] [red]", (Span(0, 5, "B"),)),
    ]
    Console(file=out, width=120).print(as_table(describe(articles)))
    assert "[red]" in out.getvalue()
    assert not {"\x1b", "\u202e"} & set(out.getvalue())


def test_nothing_labelled_is_described_too():
    assert describe([])["articles"] == 0
    assert describe([Article("a", "نص")])["labels"] == {}
    Console(file=io.StringIO()).print(as_table(describe([Article("a", "نص")])))
