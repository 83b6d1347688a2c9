"""Whisper-AT beside its peers and its original: `python benchmarks/compare.py --data DIR`.

Same recordings, same weights, same beam, same fallback temperatures, same threads. Words are written once by
each engine; time and memory are measured `--repeats` times in alternating order, on the long recording and
a few short clips. See README.md.
"""

import argparse
import json
import os
import sys
from pathlib import Path

import corpus
import peers
import report
import runs
from corpus import Recording
from runs import Outputs, Station

HERE = Path(__file__).parent
TIMED_CLIPS = 20


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line, with what `--smoke` stands for filled in."""
    parser = argparse.ArgumentParser(prog="compare.py", description=__doc__.splitlines()[0])
    add = parser.add_argument
    data = os.environ.get("WHISPER_AT_DATA")
    add(
        "--data",
        type=Path,
        default=data,
        metavar="DIR",
        help="recordings (or WHISPER_AT_DATA)",
    )
    add("--model", default="base", help="Whisper model, the same for all (default: base)")
    add("--repeats", type=int, default=3, help="how often time is measured; 0: words only (default: 3)")
    add("--engines", default=",".join(peers.ENGINES), metavar="NAME,...", help="default: all")
    add("--sets", default="en,de,nl,long", metavar="NAME,...", help="default: en,de,nl,long")
    add("--clips", type=int, default=200, help="clips a language (default: 200)")
    add("--threads", type=int, default=2, help="threads of each engine (default: 2)")
    add("--env", action="append", default=[], metavar="PACKAGE=PYTHON", help="a Python that has the package")
    add("--work", type=Path, default=HERE / "work", metavar="DIR", help="environments, weights, WAV files")
    add(
        "--reuse",
        type=Path,
        metavar="DIR",
        help="texts to use again (default: WORK/outputs)",
    )
    add(
        "--output",
        type=Path,
        metavar="FILE",
        help="default: benchmarks/results/MODEL.json",
    )
    add("--smoke", action="store_true", help="two clips, tiny.en, installed engines: does it run?")
    options = parser.parse_args(arguments)
    if options.data is None:
        parser.error("wanted a folder with manifest.tsv, found none; give --data DIR or set WHISPER_AT_DATA")
    if options.smoke:
        options.model, options.sets, options.clips, options.repeats = "tiny.en", "en", 2, 1
    options.reuse = options.reuse or options.work / "outputs"
    options.engines = options.engines.split(",")
    options.sets = options.sets.split(",")
    for wanted, known in ((options.engines, peers.ENGINES), (options.sets, [*corpus.SETS, "long"])):
        if unknown := [name for name in wanted if name not in known]:
            parser.error(f"wanted some of {', '.join(known)}; found {', '.join(unknown)}")
    options.env = {
        package: Path(python) for package, _, python in (pair.partition("=") for pair in options.env)
    }
    if unknown := [package for package in options.env if package not in peers.REQUIREMENTS]:
        parser.error(f"wanted --env with one of {', '.join(peers.REQUIREMENTS)}; found {', '.join(unknown)}")
    return options


def command(options: argparse.Namespace) -> str:
    """What to type for the same numbers, without the places of this machine."""
    return (
        f"python benchmarks/compare.py --data DIR --model {options.model} --sets {','.join(options.sets)} "
        f"--engines {','.join(options.engines)} --clips {options.clips} --repeats {options.repeats} "
        f"--threads {options.threads}"
    )


def prepare(options: argparse.Namespace) -> dict[str, Station]:
    """The engines that can run. In a smoke test those that are not installed are left out."""
    stations = {}
    for name in options.engines:
        engine = peers.ENGINES[name]
        python = peers.find_python(engine.package, options.env, options.work, make=not options.smoke)
        version = python and peers.version(python, engine.package)
        if python and version:
            stations[name] = Station(
                engine=engine,
                python=python,
                version=version,
                weights=peers.weights(options.model, engine, python, options.work),
                weights_sha256=peers.SHA256.get(options.model),
            )
        elif options.smoke:
            runs.talk(f"{name} is not installed: left out; for it, {peers.how_to_install(engine.package)}")
        else:
            raise SystemExit(
                f"wanted {engine.package}, found none in {python}; "
                f"{peers.how_to_install(engine.package)}, or leave out {name}"
            )
    if not stations:
        raise SystemExit(f"wanted one of {', '.join(options.engines)}, found none installed; see --env")
    return stations


def timed_recordings(sets: dict[str, list[Recording]]) -> list[Recording]:
    """The long recording and some clips of the first language."""
    clips = next((recordings for name, recordings in sets.items() if name != "long"), [])
    n = min(TIMED_CLIPS, len(clips))
    return [*sets.get("long", []), *(clips[i * len(clips) // n] for i in range(n))]


def compare(options: argparse.Namespace) -> dict[str, object]:
    """Measures time first, then lets each engine write the words that are still missing."""
    options.work.mkdir(parents=True, exist_ok=True)
    (options.work / ".gitignore").write_text("*\n")
    sets = corpus.build(options.data, options.work, options.sets, options.clips)
    timed = timed_recordings(sets)
    stations = prepare(options)
    outputs = {name: Outputs(options.reuse, s, options.model) for name, s in stations.items()}
    reports = runs.measure_time(stations, timed, threads=options.threads, repeats=options.repeats)
    for name, station in stations.items():
        if reports[name]:
            outputs[name].add(timed, reports[name][-1], options.threads)
        if not station.engine.timing_only:
            runs.complete(station, outputs[name], sets, options.threads)
    return report.results(
        command=command(options),
        model=options.model,
        threads=options.threads,
        stations=stations,
        sets=sets,
        timed=timed,
        reports=reports,
        outputs=outputs,
    )


def main(arguments: list[str] | None = None) -> None:
    """Compares, prints the tables, and writes them with the results (a smoke test only if told where)."""
    options = parse(arguments)
    found = compare(options)
    tables = report.markdown(found)
    sys.stdout.write(tables)
    output = options.output or (None if options.smoke else HERE / "results" / f"{options.model}.json")
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        output.with_suffix(".md").write_text(tables, encoding="utf-8")


if __name__ == "__main__":
    main()
