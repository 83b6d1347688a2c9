"""The parts of a soundscape: recipe ─► stock ─► planning ─► plan ─► rendering ─► files.

`whisper_at.datasets.soundscapes` is the way in.
"""
