"""Predictions and truth in, numbers out: how good a tagger, its times, its words and its speed are.

    Clip, LabelSet ── truth ───────────┐
    head, taps ────── heads ─► Predictions ─► run ─► Evaluation ─► JSON, plots
                                       │
                   tags  calibration  closed_set  cells  events  psds       words  cost

Each measure takes arrays and checks them; none reaches an engine. scikit-learn and jiwer do the arithmetic where
they have it (`pip install whisper-at[evaluate]`).
"""
