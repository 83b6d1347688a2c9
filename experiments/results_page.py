"""docs/results.md and its pictures, from experiments/results/*.json: no number on the page is typed by hand.

    python experiments/results_page.py                 writes both
    python experiments/results_page.py --check         fails if the page is not what the results say

A test runs the check. Needs whisper-at[evaluate].
"""

import argparse
import sys
from pathlib import Path

from reporting import cost, heads, layers, noise

from whisper_at.evaluation.plots import save
from whisper_at.files import write_atomically

PAGE = Path(__file__).parents[1] / "docs" / "results.md"
PICTURES = PAGE.with_suffix("")

HEAD = """# What was found

Each section asks a question, says how it was answered, and gives the figures with the command and the commit that made
them. The page and its pictures are made by `python experiments/results_page.py` from
[experiments/results](../experiments/results), and a test fails when they disagree. What was tried on the way is in the
[log](../experiments/LOG.md). Intervals are of 95 %, by bootstrap.

Figures of the paper are those of Gong et al., Whisper-AT, Interspeech 2023; those of its plots are read off to half a
point. It had larger models and corpora: what can be compared is the shape."""


def page() -> str:
    """The whole page; what has not been measured yet has no section."""
    noises = [noise.section()] if noise.results() else []
    return "\n\n".join([HEAD, layers.section(), *noises, heads.section(), cost.section()]) + "\n"


def main(arguments: list[str] | None = None) -> None:
    """Write it, or check it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="fail if the page is not what the results say")
    if parser.parse_args(arguments).check:
        if PAGE.read_text("utf-8") != page():
            sys.exit(f"{PAGE.name} is not what the results say; run python experiments/results_page.py")
        return
    for name, picture in (layers.pictures() | noise.pictures()).items():
        save(picture, PICTURES / f"{name}.png")
    with write_atomically(PAGE, "w") as file:
        file.write(page())
    print(PAGE)


if __name__ == "__main__":
    main()
