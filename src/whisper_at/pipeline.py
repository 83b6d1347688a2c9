"""Where both branches meet: a recording goes once through the encoder, to the transcriber and to the tagger.

model = whisper_at.load("base")
annotation = model.annotate("street.mp3")
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from typing import Any

import numpy as np

from whisper_at.annotation import Annotation, Provenance
from whisper_at.audio import LogMel, Recording, Source, log_mel, read
from whisper_at.audio.windows import Window
from whisper_at.errors import OptionError
from whisper_at.model.cache import Location
from whisper_at.model.decoder import Decoder
from whisper_at.model.decoders import open_decoder
from whisper_at.model.encoder import Encoded
from whisper_at.model.engine import (
    EncoderFunction,
    HeadFunction,
    Precision,
    device_of,
    fastest_precision,
    open_engine,
)
from whisper_at.model.head_file import Head, HeadCard
from whisper_at.model.weights import Checkpoint, find, is_offline
from whisper_at.speech.options import SpeechOptions
from whisper_at.speech.tokenizer import Tokenizer
from whisper_at.speech.transcriber import Transcriber, Transcript
from whisper_at.tagging.events import Reporting, report
from whisper_at.tagging.heads import DEFAULT, find_head
from whisper_at.tagging.options import TagOptions
from whisper_at.tagging.tagger import Tagger
from whisper_at.tagging.track import Track
from whisper_at.timegrid import FRAMES_PER_WINDOW, STEPS_PER_WINDOW, TagGrid, seconds

Progress = Callable[[float, float], None]
"""Called with the seconds that are done and the seconds there are."""

TAG_BATCH = 4  # windows encoded together where no decoder says when to seek
COMPUTE_TYPES = ("auto", "int8", "float32")
DEVICES = ("auto", "cpu", "cuda", "mps", "gpu")


@dataclass(frozen=True, kw_only=True)
class Options(SpeechOptions, TagOptions):
    """All that can be set for one recording: `SpeechOptions` and `TagOptions` in one.

    >>> Options(language="en", tag_resolution=4).beam_size
    5
    """

    def __post_init__(self) -> None:
        SpeechOptions.__post_init__(self)
        TagOptions.__post_init__(self)

    def with_(self, **changes: Any) -> "Options":
        """The same options but for the changes.

        Raises:
            OptionError: if there is no such option; names the nearest one.
        """
        names = [f.name for f in fields(self)]
        for name in changes:
            if name not in names:
                near = get_close_matches(name, names, n=1)
                raise OptionError(
                    f"there is no option {name!r}" + (f"; did you mean {near[0]!r}?" if near else "")
                )
        if isinstance(changes.get("temperature"), list):
            changes["temperature"] = tuple(changes["temperature"])
        return replace(self, **changes)


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What one pass over a recording gives: words and logits; a branch that was not asked for is None."""

    transcript: Transcript | None
    track: Track | None


class Model:
    """A Whisper model with a tagging head, ready to hear recordings. Made by `load`."""

    def __init__(
        self,
        *,
        checkpoint: Checkpoint,
        encoder: EncoderFunction,
        decoder: Decoder,
        head: Head | None,
        head_function: HeadFunction | None,
        offline: bool = False,
    ) -> None:
        self.checkpoint, self.encoder, self.decoder = checkpoint, encoder, decoder
        self.head, self.head_function, self.offline = head, head_function, offline
        self.tokenizer = Tokenizer(checkpoint.tokenizer_path)

    def check(self, options: "Options") -> None:
        """Refuse what this model cannot do, before a recording is read.

        Raises:
            OptionError: if the model does not know the language or the task, the head's cells do not make rows of
                that length, or it does not have all the labels.
        """
        self.tokenizer.start(self.tokenizer.language(options.language or "en"), options.task)
        if self.head is not None:
            TagGrid(frames_per_cell=self.head.card.frames_per_cell).cells_per(options.tag_resolution)
            Reporting.of(self.head.card, options)

    def annotate(
        self,
        source: Source,
        *,
        sample_rate: int | None = None,
        options: Options | None = None,
        progress: Progress | None = None,
        **changes: Any,
    ) -> Annotation:
        """The words and the sounds of a recording, from one encoder pass a window.

        Args:
            source: path, URL, bytes, file object, or an array [sample] or [channel, sample] with its sample rate.
            sample_rate: of an array; 16000 where it is not given.
            options: settings; any of them may also be given by name, such as `language="en"`.
            progress: called now and then with the seconds that are done and that there are.

        Raises:
            AudioError: if the source cannot be read.
            OptionError: if an option makes no sense.
        """
        return self._annotate(source, sample_rate, options, changes, progress, words=True, tags=True)

    def transcribe(
        self,
        source: Source,
        *,
        sample_rate: int | None = None,
        options: Options | None = None,
        progress: Progress | None = None,
        **changes: Any,
    ) -> Annotation:
        """The words alone; see `annotate`."""
        return self._annotate(source, sample_rate, options, changes, progress, words=True, tags=False)

    def tag(
        self,
        source: Source,
        *,
        sample_rate: int | None = None,
        options: Options | None = None,
        progress: Progress | None = None,
        **changes: Any,
    ) -> Annotation:
        """The sounds alone, without waiting for a decoder; see `annotate`.

        Raises:
            OptionError: if the model was loaded without a head.
        """
        if self.head is None:
            raise OptionError(
                "tags were asked for, but the model was loaded with head=None; load it with a head"
            )
        return self._annotate(source, sample_rate, options, changes, progress, words=False, tags=True)

    def _annotate(
        self,
        source: Source,
        sample_rate: int | None,
        options: Options | None,
        changes: dict[str, Any],
        progress: Progress | None,
        *,
        words: bool,
        tags: bool,
    ) -> Annotation:
        chosen = (options or Options()).with_(**changes)
        self.check(chosen)
        recording = read(source, sample_rate=sample_rate, offline=self.offline)
        return annotate(recording, self, chosen, words=words, tags=tags, progress=progress)


def load(
    name: Location = "base",
    *,
    head: Location | None = DEFAULT,
    device: str = "auto",
    threads: int = 0,
    compute_type: str = "auto",
    engine: str = "auto",
    offline: bool | None = None,
    download_root: Location | None = None,
) -> Model:
    """A model by name or path, fetched where it is not here yet.

    Args:
        name: such as `base` or `tiny.en`, or the path of a CTranslate2 folder, a Hugging Face folder or a `.pt` file.
        head: `default`, a name, the path of a head file, or None for words alone.
        device: `cpu`, `cuda`, `mps`, `gpu` (Intel, through OpenVINO), or `auto` for CUDA where there is one.
        threads: of encoder and decoder; 0 for all cores.
        compute_type: `float32`; `int8` for the decoder's weights; `auto` for int8, and bfloat16 in the encoder where
            the processor is fast at it.
        engine: what runs encoder and heads: `openvino`, `torch`, or `auto` for what suits the device.
        offline: never use the network; None reads WHISPER_AT_OFFLINE and HF_HUB_OFFLINE.
        download_root: folder for fetched weights, instead of the cache.

    Raises:
        WeightsError: if the model cannot be found or is damaged.
        HeadError: if the head cannot be found, or does not fit the model.
        OptionError: if device, engine or compute_type make no sense.
    """
    if compute_type not in COMPUTE_TYPES:
        raise OptionError(f"compute_type must be one of {', '.join(COMPUTE_TYPES)}, got {compute_type!r}")
    if device.partition(":")[0] not in DEVICES:
        raise OptionError(f"device must be one of {', '.join(DEVICES)}; got {device!r}")
    if threads < 0:
        raise OptionError(f"threads must be 1 or more, or 0 for all cores; got {threads}")
    offline = is_offline() if offline is None else offline
    device = device_of(device)
    checkpoint = find(name, offline=offline, download_root=download_root)
    found = head and find_head(
        head, encoder=checkpoint.name, dims=checkpoint.dims, offline=offline, download_root=download_root
    )
    precision: Precision = fastest_precision() if compute_type == "auto" and device == "cpu" else "float32"
    chosen = open_engine(engine, device=device, threads=threads, precision=precision)
    return Model(
        checkpoint=checkpoint,
        encoder=chosen.encoder(checkpoint.dims, checkpoint.variables()),
        decoder=open_decoder(
            checkpoint,
            chosen,
            device=device if device.startswith("cuda") else "cpu",
            threads=threads,
            compute_type="float32" if compute_type == "float32" else "int8",
        ),
        head=found or None,
        head_function=chosen.head(found) if found else None,
        offline=offline,
    )


def annotate(
    recording: Recording,
    model: Model,
    options: Options,
    *,
    words: bool = True,
    tags: bool = True,
    progress: Progress | None = None,
) -> Annotation:
    """The annotation of a recording that has been read."""
    heard = hear(recording, model, options, words=words, tags=tags, progress=progress)
    transcript, head = heard.transcript, model.head if heard.track else None
    events, rows = report(heard.track, head.card, options) if heard.track and head else ((), None)
    return Annotation(
        text=transcript.text if transcript else "",
        language=transcript.language if transcript else None,
        language_probability=transcript.language_probability if transcript else None,
        duration=recording.duration,
        segments=transcript.segments if transcript else (),
        events=events,
        tags=rows,
        notes=(*recording.notes, *(_not_learned(head.card, options.labels or ()) if head else ())),
        model=Provenance(
            whisper=model.checkpoint.name,
            whisper_sha256=model.checkpoint.sha256,
            head=head.card.name if head else None,
            head_sha256=head.sha256 if head else None,
        ),
    )


def _not_learned(card: HeadCard, labels: tuple[str, ...]) -> tuple[str, ...]:
    """What a reader must know before an empty answer is taken for silence."""
    names = [card.names[card.mids.index(mid)] for mid in labels if mid not in card.reported]
    return (f"head {card.name} has not learned {', '.join(names)}",) if names else ()


def hear(
    recording: Recording,
    model: Model,
    options: Options,
    *,
    words: bool = True,
    tags: bool = True,
    progress: Progress | None = None,
) -> Heard:
    """One pass: each window is encoded once, for the words and for the tags.

    The decoder says where the next window starts; the tagger pools what it has not heard yet on its own grid.
    """
    mel = log_mel(recording.samples, n_mels=model.checkpoint.dims.n_mels)
    transcriber = Transcriber(model.decoder, model.tokenizer, options) if words else None
    tagger = _tagger(model, options, mel) if tags else None
    seek = 0
    while seek < mel.n_frames:
        if transcriber:
            window = mel.window(seek)
            encoded = _encode(model, [window], tagger)
            seek = transcriber.hear(window, encoded.features)
        else:
            windows = _windows(mel, seek)
            _encode(model, windows, tagger)
            seek = windows[-1].seek + FRAMES_PER_WINDOW
        if progress:
            progress(seconds(min(seek, mel.n_frames)), seconds(mel.n_frames))
    return Heard(
        transcript=transcriber.transcript() if transcriber else None,
        track=tagger.track() if tagger else None,
    )


def _tagger(model: Model, options: Options, mel: LogMel) -> Tagger | None:
    if model.head is None or model.head_function is None:
        return None
    return Tagger(model.head.card, model.head_function, options, mel.n_frames)


def _windows(mel: LogMel, seek: int) -> list[Window]:
    starts = range(seek, mel.n_frames, FRAMES_PER_WINDOW)[:TAG_BATCH]
    return [mel.window(start) for start in starts]


def _encode(model: Model, windows: list[Window], tagger: Tagger | None) -> Encoded:
    """Encode a batch of windows, and let the tagger hear their taps."""
    matrices = [tagger.plan(w) if tagger else np.zeros((0, STEPS_PER_WINDOW), np.float32) for w in windows]
    n_cells = max(1, *(len(matrix) for matrix in matrices), 1)
    pool = np.zeros((len(windows), n_cells, STEPS_PER_WINDOW), np.float32)
    for row, matrix in zip(pool, matrices, strict=True):
        row[: len(matrix)] = matrix
    encoded = model.encoder(np.stack([window.padded for window in windows]), pool)
    if tagger:
        for window, matrix, taps in zip(windows, matrices, encoded.taps, strict=True):
            tagger.hear(window, matrix, taps)
    return encoded
