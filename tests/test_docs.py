"""What the documents promise is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / name for name in ("README.md", "CHANGELOG.md", "benchmarks/README.md")]
PAGES += sorted((ROOT / "docs").glob("*.md"))
FOLDERS = "tests|src|benchmarks|experiments|scripts|examples|docs"


def test_the_file_map_is_the_tree():
    """Each path of the README's map exists, and no part of the package is left out."""
    named = re.findall(r"^\| `([\w./]+)`", (ROOT / "README.md").read_text(), flags=re.M)
    assert len(named) > 10
    assert [path for path in named if not (ROOT / path).exists()] == []
    plumbing = {"__init__.py", "__main__.py", "errors.py", "version.py", "py.typed", "__pycache__"}
    package = {path.name for path in (ROOT / "src/whisper_at").iterdir()} - plumbing
    assert package == {Path(path).name for path in named if path.startswith("src/")}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_named_in_the_text_exist(page):
    for path in re.findall(rf"`((?:{FOLDERS})/[\w./-]+)`", page.read_text()):
        assert (ROOT / path).exists(), path


def test_options_in_the_documents_are_the_commands():
    from typer.main import get_command

    from whisper_at.cli.app import app

    annotate = get_command(app).commands["annotate"]
    real = {name.replace("-", "_").lstrip("_") for option in annotate.params for name in option.opts}
    text = (ROOT / "docs/command-line.md").read_text() + (ROOT / "README.md").read_text()
    text = re.sub(r"python benchmarks/.*", "", text)  # programs with options of their own
    named = {name.replace("-", "_") for name in re.findall(r"--([a-z][\w-]+)", text)} - {
        "json",
        "help",
        "fast",
    }
    assert named - real == set()


def test_the_changelog_begins_with_this_version():
    from whisper_at import __version__

    assert re.search(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), flags=re.M)[1] == __version__
