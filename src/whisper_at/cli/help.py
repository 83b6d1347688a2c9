"""What the help of commands says that need explaining by example."""

CONVERT = """
Writes stored annotations in other formats. No model is loaded.

\b
  whisper-at convert street.json -f srt             street.srt
  whisper-at convert results/ -f srt,vtt -o captions
                                                    every annotation of a folder
  whisper-at convert - -f srt < street.json         from stdin to stdout
  whisper-at convert street.json -f vtt --sounds only --label_language de
"""

FIND = """
Looks for words and sounds in stored annotations; QUERY is a regular expression.

\b
  whisper-at find "glass|alarm" results/            wherever this is said or heard
  whisper-at find siren results/ --near "help" --within 10
  whisper-at find vehicles results/ --kind heard --json

Exit status, as of grep: 0 found, 1 nothing found, 2 wrong usage. Files that are no annotations are named.
"""

PLOT = """
Draws a recording: its waveform, what is said, and how probable the likeliest sounds are over time.

\b
  whisper-at plot street.mp3                        street.png
  whisper-at plot street.json -o street.svg --dark  from what was written before, with no model
  whisper-at plot street.json --terminal            lines on the screen, coloured where it can

An annotation that was written with --curves 24 has the probabilities of every cell; else its rows of tags are drawn.
"""
