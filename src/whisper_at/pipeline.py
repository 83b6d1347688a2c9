"""Where both branches meet: a recording goes once through the encoder, to the transcriber and to the tagger.

model = whisper_at.load("base")
annotation = model.annotate("street.mp3")
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from whisper_at.allocator import give_back_large_blocks
from whisper_at.annotation import Annotation, Curves, Provenance, Segment, Tags
from whisper_at.audio import Recording, Source, Stream, split, stream
from whisper_at.errors import OptionError
from whisper_at.hearing.channels import joined
from whisper_at.hearing.in_batches import batches, hear_in_batches
from whisper_at.hearing.in_order import hear_in_order, windows_in_order
from whisper_at.hearing.options import Options
from whisper_at.hearing.session import Cancel, Heard, Progress, Session
from whisper_at.model.cache import Location
from whisper_at.model.decoder import Decoder
from whisper_at.model.decoders import open_decoder
from whisper_at.model.engine import (
    EncoderFunction,
    HeadFunction,
    Precision,
    device_of,
    open_engine,
    quickest_precision,
)
from whisper_at.model.head_file import Head, HeadCard
from whisper_at.model.weights import Checkpoint, find, is_offline
from whisper_at.speech.tokenizer import Tokenizer
from whisper_at.tagging.detection import LOOKS_AROUND
from whisper_at.tagging.events import Report, Reporting, curves_from, not_learned, report
from whisper_at.tagging.heads import DEFAULT, find_head
from whisper_at.tagging.track import Track
from whisper_at.timegrid import FRAMES_PER_SECOND, TagGrid
from whisper_at.timeline import Event

COMPUTE_TYPES = ("auto", "int8", "float32")
DEVICES = ("auto", "cpu", "cuda", "mps", "gpu")


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
            OptionError: if the model does not know the languages, the task or a token, the head's cells do not make
                rows of that length, or it does not have all the labels.
        """
        self.tokenizer.start(self.tokenizer.language(options.language or "en"), options.task)
        for name in options.languages or ():
            self.tokenizer.language(name)
        if options.multilingual and not self.tokenizer.multilingual:
            raise OptionError(
                f"multilingual was asked for, but {self.checkpoint.name} knows English only; "
                f"take a model that knows several languages, such as {self.checkpoint.name.removesuffix('.en')}"
            )
        n_tokens = self.checkpoint.dims.n_vocab
        for token in options.suppress_tokens:
            if not -1 <= token < n_tokens:
                raise OptionError(
                    f"suppress_tokens must lie between 0 and {n_tokens - 1}, or be -1 for the model's own list; "
                    f"got {token}"
                )
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
        cancel: Cancel | None = None,
        **changes: Any,
    ) -> Annotation:
        """The words and the sounds of a recording, from one encoder pass a window.

        Args:
            source: path, URL, bytes, file object, or an array [sample] or [channel, sample] with its sample rate.
            sample_rate: of an array; 16000 where it is not given.
            options: settings; any of them may also be given by name, such as `language="en"`.
            progress: called now and then with the seconds that are done and that there are.
            cancel: asked before each batch whether to stop, such as a `threading.Event`; the annotation then has what
                was heard by then, and a note.

        Raises:
            AudioError: if the source cannot be read.
            OptionError: if an option makes no sense.
        """
        return self._annotate(source, sample_rate, options, changes, progress, cancel, words=True, tags=True)

    def transcribe(
        self,
        source: Source,
        *,
        sample_rate: int | None = None,
        options: Options | None = None,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
        **changes: Any,
    ) -> Annotation:
        """The words alone; see `annotate`."""
        return self._annotate(source, sample_rate, options, changes, progress, cancel, words=True, tags=False)

    def tag(
        self,
        source: Source,
        *,
        sample_rate: int | None = None,
        options: Options | None = None,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
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
        return self._annotate(source, sample_rate, options, changes, progress, cancel, words=False, tags=True)

    def segments(
        self,
        source: Source,
        *,
        sample_rate: int | None = None,
        options: Options | None = None,
        cancel: Cancel | None = None,
        **changes: Any,
    ) -> Iterator[Segment]:
        """The words of a recording, segment by segment, while the rest of it is still to be read and heard.

        Segments come in the order of time, each as soon as nothing before it is left to be heard. See `annotate` for
        the arguments and the errors, which are raised by the call and not by the first segment.
        """
        chosen = (options or Options()).with_(**changes)
        self.check(chosen)
        if chosen.channels == "split":
            raise OptionError("segments come from the mix of all channels; for channels=split take annotate")
        recording = stream(source, sample_rate=sample_rate, offline=self.offline)
        return said(recording, self, chosen, cancel=cancel)

    def events(
        self,
        source: Source,
        *,
        sample_rate: int | None = None,
        options: Options | None = None,
        cancel: Cancel | None = None,
        **changes: Any,
    ) -> Iterator[Event]:
        """The sounds of a recording as they are heard, while the rest of it is still to be read; no words.

        An event comes as soon as its beginning is certain, which takes two seconds more, and the rest of the batch of
        windows. While it goes on its end is that of what has been heard; it comes once more when it is over. All come,
        as with `parents`: which of them say nothing new may be known only later. A pipe is heard while it is written.
        See `annotate` for the arguments and the errors, which are raised by the call.

        Raises:
            OptionError: if the model was loaded without a head, or for `channels="split"`.
        """
        chosen = (options or Options()).with_(**changes).with_(parents=True)
        self.check(chosen)
        if self.head is None:
            raise OptionError(
                "sounds were asked for, but the model was loaded with head=None; load it with a head"
            )
        if chosen.channels == "split":
            raise OptionError("events come from the mix of all channels; for channels=split take annotate")
        recording = stream(source, sample_rate=sample_rate, offline=self.offline, live=True)
        return heard(recording, self, self.head.card, chosen, cancel=cancel)

    def annotate_all(
        self,
        sources: Iterable[Source | Recording | Stream | tuple[Stream, ...]],
        *,
        options: Options | None = None,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
        **changes: Any,
    ) -> Iterator[Annotation]:
        """The annotations of many recordings, in their order: short ones are heard together, which is faster.

        Each source is read when there is room for it, so they may be a generator. See `annotate` for the arguments;
        `progress` tells of the recording that is to be finished next.

        Raises:
            AudioError: at the first source that cannot be read.
            OptionError: if an option makes no sense.
        """
        chosen = (options or Options()).with_(**changes)
        self.check(chosen)
        return annotate_all(self._read(sources, chosen), self, chosen, progress=progress, cancel=cancel)

    def _read(
        self, sources: Iterable[Source | Recording | Stream | tuple[Stream, ...]], options: Options
    ) -> Iterator[Stream | tuple[Stream, ...]]:
        for source in sources:
            if isinstance(source, Stream | tuple):
                yield source
            elif isinstance(source, Recording):
                yield source.stream()
            else:
                yield self._opened(source, None, options)

    def _opened(
        self, source: Source, sample_rate: int | None, options: Options
    ) -> Stream | tuple[Stream, ...]:
        """The mix of a recording, or its channels."""
        opened = split if options.channels == "split" else stream
        return opened(source, sample_rate=sample_rate, offline=self.offline)

    def _annotate(
        self,
        source: Source,
        sample_rate: int | None,
        options: Options | None,
        changes: dict[str, Any],
        progress: Progress | None,
        cancel: Cancel | None,
        *,
        words: bool,
        tags: bool,
    ) -> Annotation:
        chosen = (options or Options()).with_(**changes)
        self.check(chosen)
        recording = self._opened(source, sample_rate, chosen)
        (annotation,) = annotate_all(
            [recording], self, chosen, words=words, tags=tags, progress=progress, cancel=cancel
        )
        return annotation


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
        compute_type: `float32`; `int8`; `auto` for int8, and in the encoder for what the processor is quickest at:
            bfloat16 with AMX, int8 with VNNI, else float32.
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
    give_back_large_blocks()
    offline = is_offline() if offline is None else offline
    device = device_of(device)
    checkpoint = find(name, offline=offline, download_root=download_root)
    found = head and find_head(
        head, encoder=checkpoint.name, dims=checkpoint.dims, offline=offline, download_root=download_root
    )
    precision: Precision = "float32"
    if device == "cpu" and compute_type != "float32":
        precision = quickest_precision() if compute_type == "auto" else "int8"
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


def annotate_all(
    recordings: Iterable[Stream | tuple[Stream, ...]],
    model: Model,
    options: Options,
    *,
    words: bool = True,
    tags: bool = True,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> Iterator[Annotation]:
    """The annotations of recordings, in their order.

    Windows of several recordings share a batch; the next recording is asked for when there is room for it. Of one
    that comes in channels each is heard by itself.
    """
    n_channels: deque[int] = deque()  # of each recording that has begun, 0 where they are mixed

    def apart() -> Iterator[Stream]:
        for recording in recordings:
            channels = recording if isinstance(recording, tuple) else ()
            n_channels.append(len(channels))
            yield from channels or (recording,)  # type: ignore[misc]

    if words and options.sequential:
        heard: Iterator[Heard] = (
            hear_in_order(recording, model, options, tags=tags, progress=progress, cancel=cancel)
            for recording in apart()
        )
    else:
        heard = hear_in_batches(
            apart(), model, options, words=words, tags=tags, progress=progress, cancel=cancel
        )
    annotations = (_annotation(one, model, options) for one in heard)
    for first in annotations:
        n = n_channels.popleft()
        yield joined([first, *islice(annotations, n - 1)], n) if n else first


def said(
    recording: Stream, model: Model, options: Options, *, cancel: Cancel | None = None
) -> Iterator[Segment]:
    """The segments of a recording, in the order of time, each as soon as it is certain."""
    session = Session(recording, model, options, words=True, tags=False)
    steps = (
        windows_in_order(session, model, options, cancel=cancel)
        if options.sequential
        else batches(deque([session]), iter(()), model, options, cancel=cancel)
    )
    for _ in steps:
        yield from session.said()


def heard(
    recording: Stream, model: Model, card: HeadCard, options: Options, *, cancel: Cancel | None = None
) -> Iterator[Event]:
    """The events of a recording in the order in which they become certain; see `Model.events`."""
    session = Session(recording, model, options, words=False, tags=True)
    begun: dict[tuple[str, float], float] = {}
    for _ in batches(deque([session]), iter(()), model, options, words=False, cancel=cancel):
        until = session.heard_until / FRAMES_PER_SECOND
        certain = until if session.is_finished else until - LOOKS_AROUND
        for track in session.tracks():
            for event in report(track, card, options).events:
                is_over = event.end <= certain
                known = begun.get((event.mid, event.start))
                if event.start <= certain and (known is None or (is_over and known != event.end)):
                    begun[event.mid, event.start] = event.end
                    yield event


def _annotation(heard: Heard, model: Model, options: Options) -> Annotation:
    transcript, head = heard.transcript, model.head if heard.tracks is not None else None
    reports = [report(track, head.card, options) for track in heard.tracks or ()] if head else []
    stopped = () if heard.until is None else (f"stopped at {heard.until:.1f} s of {heard.duration:.1f} s",)
    return Annotation(
        text=transcript.text if transcript else "",
        language=transcript.language if transcript else None,
        language_probability=transcript.language_probability if transcript else None,
        duration=heard.duration,
        segments=transcript.segments if transcript else (),
        dropped=transcript.dropped if transcript else (),
        task=options.task,
        events=tuple(event for one in reports for event in one.events),
        tags=_tags(reports, options) if head else None,
        curves=_curves(heard.tracks or (), head.card, options) if head else None,
        notes=(*heard.notes, *stopped, *(not_learned(head.card, options) if head else ())),
        model=Provenance(
            whisper=model.checkpoint.name,
            whisper_sha256=model.checkpoint.sha256,
            head=head.card.name if head else None,
            head_sha256=head.sha256 if head else None,
        ),
    )


def _tags(reports: Sequence[Report], options: Options) -> Tags:
    """The rows of all stretches that were heard, in the order of time."""
    return Tags(resolution=options.tag_resolution, rows=tuple(row for one in reports for row in one.rows))


def _curves(tracks: Sequence[Track], card: HeadCard, options: Options) -> Curves | None:
    if not options.curves or not tracks:
        return None
    return curves_from(tracks, Reporting.of(card, options), options.curves)
