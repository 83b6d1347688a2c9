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


def options() -> dict[str, set[str]]:
    """The options of each command and of those below it, with _ between words."""
    from typer.main import get_command

    from whisper_at.cli.app import app

    def of(command) -> set[str]:
        own = (name for one in command.params for name in (*one.opts, *one.secondary_opts))
        below = (of(one) for one in getattr(command, "commands", {}).values())
        return {name.replace("-", "_").lstrip("_") for name in own}.union(*below)

    return {name: of(command) for name, command in get_command(app).commands.items()}


def named(text: str) -> set[str]:
    return {name.replace("-", "_") for name in re.findall(r"(?<![\w-])--([a-z][\w-]+)", text)} - {"help"}


def test_options_in_the_documents_are_the_commands():
    names = ("docs/command-line.md", "docs/train-a-head.md", "README.md")
    text = "".join((ROOT / name).read_text() for name in names).replace("\\\n", " ")
    others = r"(python (benchmarks|experiments)/|scripts/|tensorboard |torchrun --nproc-per-node).*"
    text = re.sub(others, "", text)  # programs with options of their own
    assert named(text) - set.union(*options().values()) == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_command_in_the_documents_has_the_options_that_it_is_given(page):
    text = page.read_text().replace("\\\n", " ")
    for command, has in options().items():
        for line in re.findall(rf"(?:whisper-at|-m whisper_at) {command}\b([^`\n]*)", text):
            assert named(line) - has == set(), line


def test_the_changelog_begins_with_this_version():
    from whisper_at import __version__

    assert re.search(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), flags=re.M)[1] == __version__
