"""The command `whisper-at`: annotate recordings, list models, import heads.

Data goes to stdout, talk to stderr. Exit status: 0 done, 1 an input failed (the others went on), 2 wrong usage.
"""

import io
import sys


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; ends with its exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments == ["--version"]:  # answered before anything is loaded
        from whisper_at.version import __version__

        print(f"whisper-at {__version__}")
        return
    from whisper_at.cli.app import run

    if isinstance(sys.stdout, io.TextIOWrapper):  # a console may not know every letter
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.exit(run(arguments))
