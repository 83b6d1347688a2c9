"""What the engine scripts share: a job comes in on stdin, what was measured goes out on stdout.

    job      {"files": [{"path", "language"}], "model", "beam_size", "temperature", "threads",
              "compute_type", "head", "seed", "batch"}
    report   {"load_seconds", "files": [{"text", "seconds"}], "peak_rss_bytes", "versions"}

An engine runs as a process of its own: peak memory belongs to the process, and each engine has its own
environment. Only the standard library is imported here, so that the script runs in all of them.
"""

import importlib.metadata
import json
import os
import platform
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Job = dict[str, Any]
Transcribe = Callable[[str, str], str]  # path and language in, text out


def serve(load: Callable[[Job], Transcribe], packages: Sequence[str]) -> None:
    """Reads the job, loads the engine, transcribes file after file and prints the report.

    The clock of `load_seconds` includes the engine's imports, for a user waits for them too.
    """
    job = json.load(sys.stdin)
    report_to = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what an engine or its libraries print is talk, not data
    started = time.perf_counter()
    transcribe = load(job)
    load_seconds = time.perf_counter() - started
    files = []
    for file in job["files"]:
        started = time.perf_counter()
        text = transcribe(file["path"], file["language"])
        files.append({"text": text, "seconds": time.perf_counter() - started})
    report = {
        "load_seconds": load_seconds,
        "files": files,
        "peak_rss_bytes": peak_rss_bytes(),
        "versions": {"python": platform.python_version()}
        | {name: importlib.metadata.version(name) for name in packages},
    }
    with report_to:
        json.dump(report, report_to)


def peak_rss_bytes() -> int:
    """The most memory that this process has held, in bytes.

    On Linux a program inherits `ru_maxrss` from the one that started it, so there the high-water mark of its
    own memory is read; elsewhere `ru_maxrss` is right, in bytes on macOS and in KiB on others.
    """
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
