"""`python -m whisper_at` is the command `whisper-at`."""

from whisper_at.cli import main

main()
