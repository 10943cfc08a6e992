"""tables.py: what is written comes back, and what is asked of it."""

import os

import pytest

from gan_helpers import tables


def test_a_table_comes_back_as_it_was_written(tmp_path):
    rows = [
        {
            "variant": "[-1, 1]",
            "seed": 0,
            "x": 0.125,
            "list": [1.5, 0.5],
            "command": "python -m x 1",
            "on": True,
        },
        {"variant": "1_000", "seed": 1, "y": 3, "list": [2.5], "tiny": 1.5e-9},
        {"seed": 2, "list": []},
        {"variant": "every digit", "third": 1 / 3, "large": 1e22 / 3, "list": [0.1 + 0.2]},
    ]
    tables.write(tmp_path / "new" / "t.csv", rows)
    assert tables.read("t", tmp_path / "new") == rows
    assert tables.read("other", tmp_path) == []


def test_a_full_disk_leaves_the_old_table(tmp_path, monkeypatch):
    tables.write(tmp_path / "t.csv", [{"a": 1}])
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError("no space")))
    with pytest.raises(OSError, match="no space"):
        tables.write(tmp_path / "t.csv", [{"a": 2}])
    assert tables.read("t", tmp_path) == [{"a": 1}] and len(list(tmp_path.iterdir())) == 1


def test_a_summary_shows_names_as_they_are():
    rows = [{"variant": "<img src=x> | D's & G's", "seed": 0, "<b>": 3}]
    *_, head, _line, row = tables.summary(rows, ["<b>"]).data.splitlines()
    assert head == "| variant | seeds | &lt;b&gt; |"
    assert row == "| &lt;img src=x&gt; \\| D's &amp; G's | 1 | 3 (3 – 3) |"


def test_selection_and_summary():
    rows = [
        {"variant": v, "seed": s, "step": 9, "x": v_x + s}
        for v, v_x in (("a", 10), ("b", 0))
        for s in range(5)
    ]
    rows.append({"variant": "a", "seed": 0, "step": 3, "x": 99})
    assert tables.by_seed(rows, "x", variant="a", step=9) == {0: 10, 1: 11, 2: 12, 3: 13, 4: 14}
    assert tables.spread([1, 2, 10]) == "2 (1 – 10)" and tables.spread([]) == "–"
    assert tables.spread([0.12345, 999.4, 5230]) == "999 (0.123 – 5,230)"  # and not 5.23e+03
    with pytest.raises(ValueError, match="fix one more column"):
        tables.by_seed(rows, "x", variant="a")
    scores = [
        {"variant": name, "seed": seed, "x": x, "y": y, "step": 1}
        for name, seed, x, y in (("a", 0, 3, 1), ("a", 1, 3, 9), ("b", 0, 5, 2), ("b", 1, 4, 8))
    ]
    scores.append({"variant": "a", "seed": 0, "x": 99, "y": 99, "step": 2})
    assert tables.below(scores, ["x"], "a", "b", step=1) == {0: True, 1: True}
    assert tables.below(scores, ["x", "y"], "a", "b", step=1) == {0: True, 1: False}, (
        "in every column"
    )
    assert tables.below(scores, ["x"], "a", "b", factor=0.75, step=1) == {0: True, 1: False}, (
        "3 is not below 3"
    )
    assert tables.below(scores, ["x"], "a", "b", margin=1, step=1) == {0: True, 1: False}
    assert tables.below(scores, ["x"], "c", "b", step=1) == {}
    assert "| a | 5 |" in tables.summary(rows, ("seed",)).data, (
        "five seeds, although one has two rows"
    )
    text = tables.summary(rows, ("x",), step=9).data
    assert "| a | 5 | 12 (10 – 14) |" in text and "| b | 5 | 2 (0 – 4) |" in text
    assert "make results" in tables.summary([], ("x",)).data


def test_the_lines_of_a_summary_are_sorted_by_the_median_of_a_column():
    # In the order of the rows: c, a, b; medians 5, 3, 4; means would say a, c, b or b, c, a.
    values = {"c": (5, 5, 5), "a": (0, 3, 90), "b": (-90, 4, 6)}
    rows = []
    for variant, of_seeds in values.items():
        rows += [{"variant": variant, "seed": s, "x": x, "at": 1} for s, x in enumerate(of_seeds)]
    rows.append({"variant": "without x", "seed": 0, "at": 1})
    rows.append({"variant": "b", "seed": 0, "x": 99, "at": 2})

    def order(**sort):
        lines = tables.summary(rows, ("x",), at=1, **sort).data.splitlines()[2:]
        return [line.split(" | ")[0].removeprefix("| ") for line in lines]

    assert order() == ["c", "a", "b", "without x"]
    assert order(lowest_first="x") == ["a", "b", "c"]
    assert order(highest_first="x") == ["c", "b", "a"]
