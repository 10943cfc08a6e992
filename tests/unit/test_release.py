"""release.py: badges and setup cells lead to main, or in a tagged commit to its tag."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import nbformat
import pytest
import yaml

from gan_notebooks import release, repository
from gan_notebooks.errors import CourseError

ROOT = Path(__file__).parents[2]
TEXT = """git+https://github.com/a/b{pin}
https://colab.research.google.com/github/a/b/blob/{ref}/notebooks/01.ipynb
https://mybinder.org/v2/gh/a/b/{ref}?urlpath=lab
https://github.com/a/b and https://github.com/a/bc/blob/main/x, blob/main"""


def of(ref):
    return TEXT.format(ref=ref, pin="" if ref == "main" else f"@{ref}")


def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))["project"]


@pytest.mark.parametrize("old", ["main", "v0.2.0", "v10.1.0rc1"])
@pytest.mark.parametrize("new", ["main", "v0.2.1"])
def test_a_text_leads_to_another_ref_and_nothing_else_moves(old, new):
    assert release.pointed_to(of(old), "a/b", new) == of(new)
    assert release.refs_in(of(old), "a/b") == {old}


def test_two_refs_in_one_text_are_seen():
    assert release.refs_in(of("main") + of("v0.2.0"), "a/b") == {"main", "v0.2.0"}


def fault_of(ref, tag, tags_of_head):
    """What is wrong (str) with a checkout whose badges and setup cells lead to `ref`."""
    if ref == "main":
        return ""
    if ref != tag:
        return f"{ref} is not the version's tag {tag}: `make release`"
    return "" if ref in tags_of_head else f"{ref} is no tag of this commit: tag it, or REF=main"


def test_this_checkout_leads_to_main_or_to_the_tag_that_it_has():
    command = ["git", "tag", "--points-at", "HEAD"]
    tags = subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout.split()
    readme = (ROOT / "README.md").read_text(encoding="utf8")
    (ref,) = release.refs_in(readme, repository.address())  # test_structure.py: and the lessons
    assert fault_of(ref, release.tag(), tags) == ""


@pytest.mark.parametrize(
    ("ref", "tags", "fault"),
    [
        ("main", [], ""),
        ("main", ["v0.2.0"], ""),
        ("v0.2.0", ["other", "v0.2.0"], ""),
        ("v0.2.0", [], "no tag of this commit"),
        ("v0.2.0", ["v0.1.0"], "no tag of this commit"),
        ("v0.1.0", ["v0.1.0"], "not the version's tag v0.2.0"),
    ],
)
def test_a_pin_needs_version_and_tag(ref, tags, fault):
    found = fault_of(ref, "v0.2.0", tags)
    assert fault in found and bool(fault) == bool(found)


@pytest.fixture
def checkout(tmp_path):
    for name in ("pyproject.toml", "README.md", "CITATION.cff"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "notebooks").mkdir()
    shutil.copy(ROOT / "notebooks" / "01_data_scaling.ipynb", tmp_path / "notebooks")
    return tmp_path


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_release_and_the_way_back(checkout):
    release.point_to("main", checkout)
    before = contents(checkout)
    written = (checkout / "pyproject.toml").stat().st_mtime_ns
    release.point_to("v0.2.0", checkout)
    address = repository.address(checkout)
    notebook = nbformat.read(checkout / "notebooks" / "01_data_scaling.ipynb", 4)
    cells = {cell.id: cell for cell in notebook.cells}
    assert f"git+https://github.com/{address}@v0.2.0\n" in cells["setup"].source
    assert f"/{address}/blob/v0.2.0/notebooks/01" in cells["title"].source
    assert f"/{address}/v0.2.0?urlpath" in cells["title"].source
    setup = cells["setup"]
    assert setup.metadata[repository.SOURCE_HASH] == repository.source_hash(setup)
    readme = (checkout / "README.md").read_text(encoding="utf8")
    assert release.refs_in(readme, address) == {"v0.2.0"}
    release.point_to("main", checkout)
    assert contents(checkout) == before
    assert (checkout / "pyproject.toml").stat().st_mtime_ns == written, "make would install anew"


def test_another_tag_than_the_versions_is_refused(monkeypatch, capsys):
    pointed = []
    monkeypatch.setattr(release, "point_to", pointed.append)
    for arguments, code in (([], 0), (["main"], 0), (["v9.9.9"], 2)):
        with pytest.raises(SystemExit) as end:
            release.main(arguments)
        assert end.value.code == code
    assert pointed == [f"v{project()['version']}", "main"]
    assert "change the version first" in capsys.readouterr().err


def test_version_changelog_and_citation_agree():
    version = project()["version"]
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf8")
    assert re.search(r"^## (\S+)$", changes, re.MULTILINE)[1] == version
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf8"))
    assert citation["version"] == version and citation["cff-version"] == "1.2.0"
    (author,) = project()["authors"]
    assert citation["authors"] == [author]
    assert author["name"] in (ROOT / "LICENSE").read_text(encoding="utf8")
    assert citation["license"] == project()["license"].split(" AND ")
    address = repository.address()
    assert citation["repository-code"] == project()["urls"]["Repository"]
    assert citation["url"] == project()["urls"]["Documentation"] == repository.site(address)


def test_a_project_without_a_version_is_named(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[project]\n", encoding="utf8")
    with pytest.raises(CourseError, match=r"pyproject.toml .*version"):
        release.tag(tmp_path)
