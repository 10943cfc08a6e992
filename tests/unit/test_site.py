"""site.py: what becomes of a stored notebook on its page."""

import re
from pathlib import Path

import pytest

from gan_notebooks import notebooks, repository, site
from gan_notebooks.errors import CourseError
from tests import small_site


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    return small_site.build(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def page(pages):
    return (pages / "07_small.html").read_text(encoding="utf8")


def test_titles_and_links(pages, page):
    assert "<title>07 · Small &#8212; Adversarial Digits</title>" in page
    body = page.split("<article")[1].split("</article>")[0]
    assert 'href="08_next.html"' in body
    on_github = f"https://github.com/{repository.address()}/blob/main"
    assert f'href="{on_github}/notebooks/results/02_classic_gan.csv"' in body
    assert "not set" not in page, "the author, in the theme's footer"
    index = (pages / "index.html").read_text(encoding="utf8")
    assert f'href="{on_github}/LICENSE"' in index and 'href="instructors.html"' in index
    assert 'href="07_small.html"' in index, "in the sidebar"


def test_badges_are_links_alone(page):
    assert "badge.svg" not in page
    address = repository.address()
    assert (
        f"https://colab.research.google.com/github/{address}/blob/main/notebooks/07_small" in page
    )
    assert f"https://mybinder.org/v2/gh/{address}/main?urlpath=lab/tree/notebooks/07_small" in page
    assert not re.findall(r'(?:src|<link[^>]*href)="(?:https?:)?//[^"]*"', page)


def test_pictures_are_files_with_their_words(pages, page):
    name = "pictures/07_small/cell-1-0.png"
    image = re.search(rf'<img[^>]*src="{name}"[^>]*>', page)[0]
    for part in ('alt="A &quot;dot&quot;."', 'loading="lazy"', 'width="3"', 'height="2"'):
        assert part in image
    assert (pages / name).read_bytes() == small_site.picture()
    assert (pages / "pictures/07_small/cell-1-1.gif").read_bytes() == small_site.picture()
    assert "data:image" not in page and "&lt;Figure" not in page


def test_formulas_need_no_script(page):
    assert re.search(r"<mfrac><mrow><mi>a</mi>.*</mfrac>.*<msub><mi>x</mi><mn>1</mn>", page, re.S)
    assert "$HOME" in page and "/mathjax" not in page.lower()


def test_code_and_solutions_fold_and_a_bar_is_no_error(page):
    details = re.findall(r"<details.*?</details>", page, re.DOTALL)
    assert len(details) == 2 and not any("<details open" in part for part in details)
    assert "Show the code" in details[0] and "long" in details[0]
    assert "Solution of exercise 1" in details[1] and "It is so." in details[1]
    assert "100%|███| 9/9" in page and "stderr" not in page


def test_a_live_part_has_its_place_and_its_scripts(pages, page):
    place = '<div class="live" data-live="07_small/cell-1">'
    assert page.count(place) == 1
    assert page.index("cell-1-0.png") < page.index(place) < page.index("Solution of exercise 1")
    for name in ("07_small/cell-1", "parts.js", "fake.js", "fake.css"):
        script = (pages / "live" / f"{name}.js").read_text(encoding="utf8")
        assert script.startswith(f'courseLive("{name}", "')
    assert 'class="live"' not in (pages / "08_next.html").read_text(encoding="utf8")


def test_links_that_lead_nowhere_stay():
    targets = {"notebooks/02.ipynb": "02.ipynb", "README.md": "index.md"}
    for text, expected in (
        ("[a](02.ipynb#b)", "[a](02.ipynb#b)"),
        ("[a](../README.md)", "[a](index.md)"),
        ("`x[0](y)` [a](#b) [a](https://c.d/02.ipynb)",) * 2,
    ):
        assert site.with_links(text, "notebooks/01.ipynb", targets) == expected
    assert site.with_links("![a](notebooks/02.ipynb)", "README.md", targets) == "![a](02.ipynb)"


def test_without_sphinx_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(CourseError, match=r"pip install --editable '\.\[site\]'"):
        site.build(notebooks.lessons(), tmp_path)
    assert list(Path(tmp_path).iterdir()) == []
