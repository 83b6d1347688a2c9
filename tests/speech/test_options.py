"""Settings of the search that the decoder could not follow are refused before it is asked."""

import math

import pytest

from whisper_at.errors import OptionError
from whisper_at.speech.options import SpeechOptions


@pytest.mark.parametrize(
    ("option", "wanted"),
    [
        ({"speech_gate": "on"}, "speech_gate must be one of off, auto, strict; got 'on'"),
        ({"batch_size": 0}, "batch_size must be 1 or more, got 0"),
        ({"no_repeat_ngram_size": -1}, "no_repeat_ngram_size must be 0 or more, got -1"),
        ({"multilingual": True, "language": "de"}, "multilingual detects the language of each window, but"),
        ({"clip_timestamps": "5,3"}, "clip_timestamps must rise, but 3 follows 5"),
        ({"clip_timestamps": (5, 5)}, "clip_timestamps must rise, but 5 follows 5"),
        ({"clip_timestamps": (0, 5, 4, 9)}, "clip_timestamps must rise, but 4 follows 5"),
        ({"clip_timestamps": "-1,3"}, "clip_timestamps are finite seconds from 0 on, got '-1,3'"),
        ({"clip_timestamps": (math.nan,)}, "clip_timestamps are finite seconds from 0 on, got (nan,)"),
        ({"clip_timestamps": "0-5"}, "clip_timestamps are seconds joined by commas, start,end"),
        ({"clip_timestamps": "0:05"}, "clip_timestamps are seconds joined by commas, start,end"),
        ({"languages": ()}, "languages must name at least one, got none"),
    ],
)
def test_what_makes_no_sense_is_said(option, wanted):
    with pytest.raises(OptionError) as caught:
        SpeechOptions(**option)
    assert str(caught.value).startswith(wanted)


@pytest.mark.parametrize("beam_size", [1, 3, 5])
def test_at_least_one_text_must_be_finished(beam_size):
    assert SpeechOptions(beam_size=beam_size, patience=1 / beam_size).patience == 1 / beam_size
    with pytest.raises(OptionError, match=rf"^patience times beam_size .* got .* times {beam_size}$"):
        SpeechOptions(beam_size=beam_size, patience=0.9 / beam_size)


@pytest.mark.parametrize("patience", [0.0, -1.0, math.nan, math.inf])
def test_patience_that_never_ends_or_never_begins_is_refused(patience):
    with pytest.raises(OptionError, match=f"must be finite and 1 or more, got {patience:g} times 5"):
        SpeechOptions(patience=patience)


@pytest.mark.parametrize("length_penalty", [-0.1, 1.1, math.nan, math.inf])
def test_the_length_penalty_lies_between_sums_and_means(length_penalty):
    for one_end in (0.0, 1.0):
        assert SpeechOptions(length_penalty=one_end).length_penalty == one_end
    message = f"^length_penalty must lie between 0 and 1, got {length_penalty:g}$"
    with pytest.raises(OptionError, match=message):
        SpeechOptions(length_penalty=length_penalty)
