"""The version of the package and the commit of its source, by themselves so that every layer may ask for them."""

import subprocess
from pathlib import Path

__version__ = "1.0.0.dev1"


def commit() -> str:
    """The commit of the source that runs, with a + if files have changed since; the version if it is installed."""
    here = Path(__file__).parent

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=here, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    try:
        git("ls-files", "--error-unmatch", Path(__file__).name)  # or it is somebody else's repository
        return git("rev-parse", "HEAD") + ("+" if git("status", "--porcelain", "--", ".") else "")
    except (OSError, subprocess.CalledProcessError):
        return f"version {__version__}"
