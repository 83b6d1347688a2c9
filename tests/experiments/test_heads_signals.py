"""Signals are what their rules say: tones, sweeps and pauses that others can measure."""

import numpy as np
import pytest
import signals

from whisper_at.datasets.opening import open_dataset
from whisper_at.tagging.ontology import find
from whisper_at.timegrid import SAMPLE_RATE


def strongest(samples, many):
    """The so many strongest frequencies, in hertz, at least 30 Hz apart."""
    power = abs(np.fft.rfft(samples * np.hanning(len(samples))))
    hertz = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE)
    found = []
    for i in np.argsort(-power):
        if all(abs(hertz[i] - one) > 30 for one in found):
            found.append(hertz[i])
        if len(found) == many:
            return sorted(found)
    return found


@pytest.mark.parametrize("name", signals.SIGNALS)
def test_each_signal_has_a_label_and_sounds(name):
    signal, labels = signals.SIGNALS[name]
    assert [find(label).name for label in labels] == list(labels)
    for seed in range(3):
        samples = signals.quiet_ends(signal(np.random.default_rng(seed)))
        assert np.isfinite(samples).all() and 2 <= len(samples) / SAMPLE_RATE <= 4
        assert abs(samples).max() == pytest.approx(0.5, rel=0.05) and samples[0] == samples[-1] == 0
        assert np.sqrt(np.mean(samples**2)) > 0.005


def test_keys_of_a_telephone_are_one_low_and_one_high_tone():
    samples = signals.dialling(np.random.default_rng(1))
    gate = np.convolve(abs(samples), np.ones(160) / 160, "same") > 0.2
    starts = np.flatnonzero(np.diff(gate.astype(int)) == 1)
    low, high = (697, 770, 852, 941), (1209, 1336, 1477)
    for start in starts[1:-2]:
        one, two = strongest(samples[start : start + 1000], 2)
        assert min(abs(np.subtract(low, one))) < 15 and min(abs(np.subtract(high, two))) < 15


def test_a_fire_alarm_is_three_pulses_and_a_pause():
    samples = signals.fire_alarm(np.random.default_rng(2))
    on = np.convolve(abs(samples), np.ones(800) / 800, "same") > 0.1
    edges = np.flatnonzero(np.diff(on.astype(int))) / SAMPLE_RATE
    lengths = np.diff(edges)
    np.testing.assert_allclose(lengths[(lengths < 1)], 0.5, atol=0.06)
    assert lengths.max() == pytest.approx(1.5, abs=0.06)


def test_a_wave_has_no_partial_above_half_the_rate():
    tone = signals.wave(3000.0, "saw")
    assert strongest(tone, 2) == [3000, 6000]


def test_copies_differ_and_are_the_same_when_made_again(tmp_path, monkeypatch):
    monkeypatch.setattr(signals, "SIGNALS", {"busy": signals.SIGNALS["busy"]})
    for folder in ("a", "b"):
        signals.main([str(tmp_path / folder), "--copies", "2"])
    files = [sorted((tmp_path / folder / "busy").iterdir()) for folder in ("a", "b")]
    contents = [[path.read_bytes() for path in some] for some in files]
    assert contents[0] == contents[1] and contents[0][0] != contents[0][1]
    clips = open_dataset(tmp_path / "a" / "manifest.jsonl").clips
    assert [clip.labels for clip in clips] == [(find("Busy signal").mid,)] * 2 and all(
        c.complete for c in clips
    )
