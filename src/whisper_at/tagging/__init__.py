"""Taps of the encoder in, a timeline of sound events out."""
