"""Measurements in, results out: one dictionary for JSON, two small tables for people."""

import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import corpus
import runs
import scoring
from corpus import Recording
from runs import Outputs, Report, Station
from scoring import Errors


def machine() -> dict[str, Any]:
    """What the numbers depend on, without the machine's name."""
    cpuinfo = Path("/proc/cpuinfo")
    models = (
        [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        if cpuinfo.exists()
        else []
    )
    return {
        "cpu": models[0] if models else platform.processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def commit() -> str | None:
    """The commit that was measured, with `+` if files differ from it; None outside of a checkout."""
    folder = Path(__file__).parent

    def git(*words: str) -> str | None:
        try:
            done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True)
        except FileNotFoundError:
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    head = git("rev-parse", "HEAD")
    return head and head + ("+" if git("status", "--porcelain") else "")


def errors_of(
    outputs: Mapping[str, Outputs], sets: Mapping[str, Sequence[Recording]]
) -> dict[str, dict[str, Errors]]:
    """The errors of each set and engine, for the engines that have a text for every recording of the set."""
    found: dict[str, dict[str, Errors]] = {}
    for name, recordings in sets.items():
        normalizer = scoring.Normalizer(recordings[0].language)
        found[name] = {
            engine: scoring.concatenate(
                [scoring.count_errors(r.sentences, o.texts[r.sha256]["text"], normalizer) for r in recordings]
            )
            for engine, o in outputs.items()
            if not o.missing(recordings)
        }
    return found


def word_errors(errors: Mapping[str, Errors], peers: Sequence[str]) -> dict[str, Any]:
    """WER of each engine in one set, and its distance from the best peer with the 95 % interval."""
    best = min((e for e in errors if e in peers), key=lambda e: errors[e].wer, default=None)
    table: dict[str, Any] = {}
    for engine, counts in errors.items():
        table[engine] = {"wer": round(counts.wer, 4), "wrong_words": int(counts.wrong.sum())}
        if best is not None and engine != best:
            points, low, high = scoring.difference(counts, errors[best])
            table[engine]["difference"] = {
                "to": best,
                "points": round(points, 3),
                "interval_95": [round(low, 3), round(high, 3)],
            }
    return table


def times(reports: Sequence[Report], timed: Sequence[Recording]) -> dict[str, Any]:
    """Seconds of each repeat: to load, for the long recording, for a clip on average; and peak memory."""
    is_long = [len(recording.sentences) > 1 for recording in timed]

    def seconds(report: Report, long: bool) -> float | None:
        chosen = [f["seconds"] for f, is_it in zip(report["files"], is_long, strict=True) if is_it == long]
        return round(sum(chosen) / len(chosen), 3) if chosen else None

    return {
        "load_seconds": [round(report["load_seconds"], 3) for report in reports],
        "long_seconds": [seconds(report, True) for report in reports],
        "clip_seconds": [seconds(report, False) for report in reports],
        "peak_rss_bytes": [report["peak_rss_bytes"] for report in reports],
    }


def results(
    *,
    command: str,
    model: str,
    threads: int,
    stations: Mapping[str, Station],
    sets: Mapping[str, Sequence[Recording]],
    timed: Sequence[Recording],
    reports: Mapping[str, Sequence[Report]],
    outputs: Mapping[str, Outputs],
) -> dict[str, Any]:
    """All that was measured, and what is needed to measure it again."""
    peers = [name for name, station in stations.items() if station.engine.package != "whisper-at"]
    errors = errors_of(outputs, sets)
    return {
        "command": command,
        "commit": commit(),
        "machine": machine(),
        "seeds": {"corpus": corpus.SEED, "sampling": runs.SEED, "bootstrap": scoring.SEED},
        "settings": {
            "model": model,
            "threads": threads,
            "beam_size": runs.BEAM_SIZE,
            "temperature": list(runs.TEMPERATURES),
            "bootstrap_resamples": scoring.RESAMPLES,
        },
        "sets": {
            name: {
                "recordings": len(recordings),
                "sentences": sum(len(r.sentences) for r in recordings),
                "words": next((int(e.spoken.sum()) for e in errors[name].values()), None),
                "seconds": round(sum(r.seconds for r in recordings), 3),
            }
            for name, recordings in sets.items()
        },
        "timed": {
            "long_seconds": sum(r.seconds for r in timed if len(r.sentences) > 1),
            "clips": sum(len(r.sentences) == 1 for r in timed),
        },
        "engines": {
            name: {
                "version": station.version,
                "compute_type": station.engine.compute_type,
                "head": station.engine.head,
                "note": station.engine.note,
                "weights_sha256": station.weights_sha256,
                "versions": reports[name][-1]["versions"] if reports[name] else None,
                **times(reports[name], timed),
            }
            for name, station in stations.items()
        },
        "words": {name: word_errors(by_engine, peers) for name, by_engine in errors.items()},
    }


def markdown(found: Mapping[str, Any]) -> str:
    """The two tables, with a line on what they were measured with."""
    machine = found["machine"]
    settings = found["settings"]
    lines = [
        f"Model `{settings['model']}`, beam {settings['beam_size']}, {settings['threads']} threads, "
        f"on {machine['cores']} cores of {machine['cpu']}.",
        "",
        *words_table(found),
    ]
    if any(engine["load_seconds"] for engine in found["engines"].values()):
        lines += ["", *time_table(found)]
    share = head_share(found["engines"])
    if share is not None:
        lines += ["", f"Taps and head take {100 * share:.1f} % of Whisper-AT's time on the long recording."]
    for name, engine in found["engines"].items():
        if engine["note"]:
            lines += ["", f"`{name}`: {engine['note']}."]
    return "\n".join(lines) + "\n"


def words_table(found: Mapping[str, Any]) -> list[str]:
    """WER in percent; behind it the distance from the best peer, with its 95 % interval."""
    sets = list(found["words"])
    rows = [["WER, %", *(f"{name} ({found['sets'][name]['words']} words)" for name in sets)]]
    for engine in found["engines"]:
        cells = []
        for name in sets:
            entry = found["words"][name].get(engine)
            cell = "" if entry is None else f"{entry['wer']:.2f}"
            if entry is not None and "difference" in entry:
                low, high = entry["difference"]["interval_95"]
                cell += f" ({entry['difference']['points']:+.2f}; {low:+.2f} … {high:+.2f})"
            cells.append(cell)
        if any(cells):
            rows.append([engine, *cells])
    return _table(rows)


def time_table(found: Mapping[str, Any]) -> list[str]:
    """Medians over the repeats; `ratio` is an engine's time on the long recording over Whisper-AT's."""
    engines = found["engines"]
    long_seconds = found["timed"]["long_seconds"]
    base = _median(engines.get("whisper-at", {}).get("long_seconds", []))
    rows = [
        [
            "",
            "load, s",
            f"{long_seconds / 60:.1f} minutes, s",
            "times real time",
            "ratio",
            "a clip, s",
            "peak, MB",
        ]
    ]
    for name, engine in engines.items():
        long, clip = _median(engine["long_seconds"]), _median(engine["clip_seconds"])
        peak = _median(engine["peak_rss_bytes"])
        rows.append(
            [
                name,
                _cell(_median(engine["load_seconds"]), ".2f"),
                _cell(long, ".1f"),
                _cell(long and long_seconds / long, ".1f"),
                _cell(long / base if long and base else None, ".2f"),
                _cell(clip, ".2f"),
                _cell(peak and peak / 1e6, ".0f"),
            ]
        )
    return _table(rows)


def head_share(engines: Mapping[str, Any]) -> float | None:
    """What share of the time on the long recording goes into taps and head; None where it was not measured.

    >>> head_share({"whisper-at": {"long_seconds": [10.0]}, "whisper-at-nohead": {"long_seconds": [9.0]}})
    0.1
    """
    whole, without = (
        _median(engines.get(name, {}).get("long_seconds", [])) for name in ("whisper-at", "whisper-at-nohead")
    )
    return (whole - without) / whole if whole and without else None


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def _cell(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of Markdown; a column with nothing below its title is left out."""
    columns = [column for column in zip(*rows, strict=True) if any(column[1:])]
    head, *body = ["| " + " | ".join(row) + " |" for row in zip(*columns, strict=True)]
    return [head, "|" + "---|" * len(columns), *body]
