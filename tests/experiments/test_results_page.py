"""The page of results says what the results say; and all its pictures are there."""

import re

import pytest
import results_page
from reporting import layout


def test_the_page_is_what_the_results_say():
    results_page.main(["--check"])


def test_a_page_that_is_out_of_date_fails(tmp_path, monkeypatch):
    old = tmp_path / "results.md"
    old.write_text(results_page.PAGE.read_text("utf-8").replace("1", "2"), encoding="utf-8")
    monkeypatch.setattr(results_page, "PAGE", old)
    with pytest.raises(SystemExit, match=r"results\.md is not what the results say"):
        results_page.main(["--check"])


def test_its_pictures_and_results_are_there():
    text = results_page.PAGE.read_text("utf-8")
    named = re.findall(r"\]\(([\w./-]+\.(?:png|json))\)", text)
    assert len(named) > 5
    assert [path for path in named if not (results_page.PAGE.parent / path).is_file()] == []


def test_paragraphs_and_tables_are_markdown():
    assert layout.prose("a\n   b") == "a b"
    assert layout.table(["x"], [["1"], ["2"]]).splitlines() == ["| x |", "|---|", "| 1 |", "| 2 |"]
