"""Windows cover every token once, whatever the length."""

import pytest
from marsad.inference.windows import make_windows


@pytest.mark.parametrize("length", [1, 9, 10, 11, 13, 17, 18, 100, 1001])
@pytest.mark.parametrize(("size", "overlap"), [(10, 0), (10, 4), (10, 9), (254, 64)])
def test_owned_tokens_tile_the_article(length, size, overlap):
    windows = make_windows(length, size, overlap)
    assert [i for window in windows for i in range(window.own_start, window.own_end)] == list(range(length))
    assert all(window.start <= window.own_start <= window.own_end <= window.end for window in windows)
    assert all(window.end - window.start <= size for window in windows)


def test_a_token_is_read_where_it_is_most_central():
    windows = make_windows(100, 20, 8)
    for window in windows:
        for token in range(window.own_start, window.own_end):

            def margin(w, token=token):
                left = token - w.start if w.start else 100
                right = w.end - 1 - token if w.end < 100 else 100
                return min(left, right)

            best = max(margin(w) for w in windows if w.start <= token < w.end)
            assert margin(window) >= best - 1


def test_nothing_gives_no_window_and_a_bad_overlap_is_refused():
    assert make_windows(0, 10, 2) == []
    with pytest.raises(ValueError, match="must be smaller"):
        make_windows(5, 10, 10)
