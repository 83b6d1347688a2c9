"""Rates, shares and correlations of planted rows are the planted ones; scipy is the oracle of correlation."""

import json
from dataclasses import replace

import pytest
from scipy import stats

from whisper_at.robustness.plan import ALONE, CLEAN, MIXED
from whisper_at.robustness.plots import write_plots
from whisper_at.robustness.summary import ALL, Summary, summarise
from whisper_at.robustness.table import as_text

CLASSES = {"dog": 0, "rain": 4, "wind": 9, "hiss": 5}  # words of ten that are wrong at -10 dB


def row(**fields):
    usual = {
        **{"kind": MIXED, "gate": "off", "class": "dog", "snr": 0.0, "speech": "a.ogg", "noise": "n.ogg"},
        **{
            "language": "en",
            "seconds": 6.0,
            "gain": 0.0,
            "spoken": 10,
            "replaced": 0,
            "missed": 0,
            "added": 0,
        },
        **{"said": "", "text": "", "named": "dog", "reported": True, "probabilities": [0.9]},
    }
    return usual | fields


def mixed():
    return [
        row(
            **{
                "class": name,
                "snr": snr,
                "speech": speech,
                "replaced": wrong if snr == -10 else 0,
                "named": "rain",
            }
        )
        for name, wrong in CLASSES.items()
        for snr in (20.0, -10.0)
        for speech in ("a.ogg", "b.ogg")
    ]


def of(rows, **about):
    return summarise(rows, about=about)


def rate(found, name, snr, gate="off"):
    (one,) = [w for w in found.words if (w.noise_class, w.snr, w.gate) == (name, snr, gate)]
    return one


def test_word_error_rates_are_those_of_the_rows():
    found = of([row(kind=CLEAN, snr=None, **{"class": "", "named": None, "reported": None}), *mixed()])
    assert rate(found, "rain", -10).wer.value == pytest.approx(0.4)
    assert rate(found, ALL, -10).wer.value == pytest.approx((0 + 4 + 9 + 5) / 40)
    assert rate(found, ALL, 20).wer.value == rate(found, ALL, None).wer.value == 0
    assert rate(found, ALL, -10).replaced == pytest.approx(0.45) and rate(found, ALL, -10).missed == 0


def test_one_sentence_under_many_noises_is_one_sentence():
    """All that differs is the sentence: the interval is as wide as that of two sentences under one noise."""
    many = [
        row(**{"class": name, "speech": speech, "missed": wrong})
        for name in CLASSES
        for speech, wrong in (("a.ogg", 0), ("b.ogg", 10))
    ]
    few = [one for one in many if one["class"] == "dog"]
    assert rate(of(many), ALL, 0).wer == rate(of(few), ALL, 0).wer
    assert (rate(of(many), ALL, 0).wer.low, rate(of(many), ALL, 0).wer.high) == (0, 1)


def test_noises_are_named_right_or_not():
    rows = [
        *mixed(),
        row(kind=ALONE, snr=None, noise="1.ogg"),
        row(kind=ALONE, snr=None, noise="2.ogg", named="rain"),
    ]
    by = {(one.noise_class, one.snr): one for one in of(rows).named}
    assert by["rain", 20.0].right.value == 1 and by["dog", 20.0].right.value == 0
    assert by[ALL, 20.0].right.value == 0.25
    assert by["dog", None].right.value == 0.5 and by["dog", None].reported.value == 1


def test_words_of_noise_alone_are_counted_by_the_minute():
    rows = [
        row(kind=ALONE, gate=gate, snr=None, noise=f"{i}.ogg", spoken=0, added=added, seconds=15.0)
        for gate, words in (("off", (3, 0)), ("auto", (0, 0)))
        for i, added in enumerate(words)
    ]
    found = {one.gate: one for one in of([*mixed(), *rows]).invented if one.noise_class == "dog"}
    assert (
        found["off"].a_minute.value == 6 and found["off"].clips.value == 0.5 and found["off"].minutes == 0.5
    )
    assert found["auto"].a_minute.value == found["auto"].clips.value == 0


def test_correlations_are_those_of_scipy_over_all_classes():
    f1 = {"dog": 0.9, "rain": 0.8, "wind": 0.2, "hiss": 0.5}
    found = summarise(mixed(), f1={"layer 6": f1}, about={})
    (one,) = found.correlations
    x, y = list(f1.values()), [wrong / 10 for wrong in CLASSES.values()]
    assert one.classes == 4
    assert one.pearson.value == pytest.approx(stats.pearsonr(x, y).statistic, abs=1e-6)
    assert one.spearman.value == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-6)
    assert {i.noise_class: i.increase for i in found.increases} == {n: w / 10 for n, w in CLASSES.items()}


def test_without_tags_words_are_counted_all_the_same():
    rows = [one | {"named": None, "reported": None, "probabilities": None} for one in mixed()]
    assert of(rows).named == () and of(rows).words == of(mixed()).words


def test_a_summary_is_json_a_table_and_pictures(tmp_path):
    rows = [*mixed(), row(kind=ALONE, snr=None, spoken=0, added=2)]
    found = summarise(
        rows, f1={"layer 6": dict.fromkeys(CLASSES, 0.5) | {"dog": 0.7}}, about={"model": "base"}
    )
    told = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert (told["schema"], told["about"]["model"]) == ("whisper-at-robustness/1", "base")
    assert Summary.from_dict(told) == found
    with pytest.raises(ValueError, match="not a whole"):
        Summary.from_dict(told | {"words": 3})
    assert "-10 dB" in as_text(found) and "noise alone, gate off" in as_text(found)
    names = {path.name for path in write_plots(found, tmp_path)}
    pictures = ("words", "classes", "named", "invented", "correlation")
    assert names == {f"{one}{suffix}" for one in pictures for suffix in (".png", ".svg")}
    assert as_text(replace(found, named=(), invented=(), correlations=()))
