"""The interface of the original Whisper-AT (package `whisper-at` 0.5), so that programs written for it run unchanged.

    import whisper_at as whisper
    model = whisper.load_model("base")
    result = model.transcribe("street.mp3", at_time_res=10)
    print(result["text"], whisper.parse_at_label(result))

What differs: tags lie at their own time, on rows of any length; rows end with the recording; the interface needs no
torch, so `audio_tag` is a numpy array. New code is better off with `whisper_at.load` and its `Annotation`.
"""

import warnings
from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from whisper_at.audio import Source, stream
from whisper_at.errors import OptionError
from whisper_at.hearing.in_order import hear_in_order
from whisper_at.hearing.options import Options
from whisper_at.model.cache import Location
from whisper_at.pipeline import Model, load
from whisper_at.speech.languages import language_code
from whisper_at.speech.options import FALLBACK_TEMPERATURES
from whisper_at.tagging import ontology
from whisper_at.tagging.wording import languages, wording

NEEDLESS = ("verbose", "fp16", "prepend_punctuations", "append_punctuations")  # taken and passed over


class CompatModel:
    """What `load_model` gives: the original's `transcribe`."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def transcribe(
        self,
        audio: Source,
        *,
        temperature: float | tuple[float, ...] = FALLBACK_TEMPERATURES,
        at_time_res: float = 10,
        beam_size: int | None = None,
        best_of: int | None = None,
        patience: float | None = None,
        length_penalty: float | None = None,
        **options: Any,
    ) -> dict[str, Any]:
        """Words and tags of a recording, as the original's dictionary.

        Args:
            at_time_res: seconds of a row, a multiple of 0.4.
            beam_size, best_of: None for the greedy search and the single sample that the original takes.
            options: `language`, `task`, `initial_prompt`, `word_timestamps` and the other settings of
                `whisper_at.Options`.

        Returns:
            text, segments, language and at_time_res; `audio_tag`, float32 [row, 527], raw logits; and `duration`
            and `task`, which the original lacks.

        Raises:
            OptionError: if an option is none of the original's that we know.
        """
        for name in NEEDLESS:
            options.pop(name, None)
        head = self.model.head
        chosen = Options().with_(
            sequential=True,
            labels=head.card.mids if head else None,  # its rows have all of them
            speech_gate="off",
            tag_resolution=at_time_res,
            temperature=temperature,
            beam_size=beam_size or 1,
            best_of=best_of or 1,
            patience=patience or 1.0,
            length_penalty=1.0 if length_penalty is None else length_penalty,
            **options,
        )
        if chosen.clip_timestamps is not None:
            raise OptionError(
                "the original's rows follow each other from 0 s on; for clips take whisper_at.load"
            )
        if chosen.channels != "mix":
            raise OptionError(
                "the original hears the mix of all channels; for each by itself take whisper_at.load"
            )
        self.model.check(chosen)
        heard = hear_in_order(stream(audio), self.model, chosen)
        assert heard.transcript is not None and heard.tracks
        return {
            "text": heard.transcript.text,
            "segments": [_segment(asdict(segment)) for segment in heard.transcript.segments],
            "language": heard.transcript.language,
            "task": chosen.task,
            "at_time_res": at_time_res,
            "audio_tag": heard.tracks[0].rows,
            "duration": heard.duration,
        }


def load_model(
    name: Location,
    device: str | None = None,
    download_root: Location | None = None,
    in_memory: bool = False,
    at_low_compute: bool = False,
) -> CompatModel:
    """A model by the original's call.

    Args:
        at_low_compute: take the published head with the projection to 512 dimensions.
        in_memory: taken and passed over; weights are mapped from disk.

    Raises:
        WeightsError, HeadError, OptionError: as `whisper_at.load`.
    """
    head = f"{name}-tl-tr-512" if at_low_compute else "default"
    return CompatModel(load(name, head=head, device=device or "auto", download_root=download_root))


def parse_at_label(
    result: Mapping[str, Any],
    language: str = "follow_asr",
    top_k: int = 5,
    p_threshold: float = -1,
    include_class_list: Collection[int] = range(527),
) -> list[dict[str, Any]]:
    """The most probable labels of each row, among those that are asked for.

    Args:
        result: of `transcribe`.
        language: of the labels; `follow_asr` takes that of the text, which is English after a translation.
        top_k: at most so many a row.
        p_threshold: a **logit**, as in the original; -1 is a probability of 0.27.
        include_class_list: indices of the labels that may be reported; the others take no place among the top.

    Returns:
        For each row `{"time": {"start": s, "end": s}, "audio tags": [(name, logit), ...]}`.
    """
    names = _names(_label_language(result, language))
    logits: npt.NDArray[np.float32] = np.asarray(result["audio_tag"], np.float32)
    asked = np.array(sorted(set(include_class_list)), np.int64)
    length, duration = result["at_time_res"], result.get("duration", np.inf)
    rows = []
    for i, row in enumerate(logits[:, asked]):
        order = np.argsort(-row, kind="stable")[:top_k]
        tags = [(names[asked[j]], float(row[j])) for j in order if row[j] > p_threshold]
        time = {"start": round(i * length, 3), "end": round(min((i + 1) * length, duration), 3)}
        rows.append({"time": time, "audio tags": tags})
    return rows


def print_label_name(language: str = "en") -> None:
    """Print all labels with their index.

    Raises:
        OptionError: if there are no labels in that language.
    """
    if language not in languages():
        raise OptionError(f"labels are there in {', '.join(languages())}; got {language!r}")
    for index, name in enumerate(_names(language)):
        print(f"index: {index} : {name}")


def print_support_language() -> None:
    """Print the codes of the languages that labels are there in."""
    for code in languages():
        print(code)


def _segment(segment: dict[str, Any]) -> dict[str, Any]:
    there = {name: value for name, value in segment.items() if value is not None}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in there.items()}


def _label_language(result: Mapping[str, Any], language: str) -> str:
    if language == "follow_asr":
        wanted = "en" if result.get("task") == "translate" else result["language"]
    else:
        wanted = language if language in languages() else language_code(language)
    if wanted in languages():
        return str(wanted)
    warnings.warn(f"there are no label names in {wanted!r}; they are given in English", stacklevel=3)
    return "en"


def _names(language: str) -> tuple[str, ...]:
    return tuple(wording(label.mid, label.name, language).name for label in ontology.labels())
