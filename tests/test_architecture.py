"""The imports go one way, as pyproject.toml says; scripts/check asks the same."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_imports_go_one_way():
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_modules_can_be_read_in_one_go():
    lengths = {path: path.read_text().count("\n") for path in (ROOT / "src").rglob("*.py")}
    assert {str(path): n for path, n in lengths.items() if n > 450} == {}
