"""What `whisper-at evaluate` does: finds the head, has it say what it hears, and measures that."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from whisper_at.datasets.clip import Dataset
from whisper_at.datasets.parts import of_fold
from whisper_at.errors import WeightsError
from whisper_at.evaluation.cost import Costs, costs
from whisper_at.evaluation.heads import EncodedClips, Progress, TapsCard, TapStore, predict, thresholds_of
from whisper_at.evaluation.need import need
from whisper_at.evaluation.plain import write_json
from whisper_at.evaluation.plots import write_plots
from whisper_at.evaluation.result import Evaluation
from whisper_at.evaluation.run import EvaluationOptions, evaluate
from whisper_at.model.cache import Location
from whisper_at.model.catalog import HEADS
from whisper_at.model.dimensions import STATE_PER_HEAD, Dimensions
from whisper_at.model.engine import EncoderFunction, HeadFunction, fastest_precision, open_engine
from whisper_at.model.head_file import Head, read_head
from whisper_at.model.weights import Checkpoint, find, is_offline
from whisper_at.tagging.heads import find_head, heads_folder, packaged_heads

RESULT = "evaluation.json"


@dataclass(frozen=True, kw_only=True)
class Job:
    """What is asked for.

    head: name or path. dataset: the clips. fold: only those of this one.
    features: taps of the clips; None to take them on the way.
    model: whose taps, where no features are given; None for the head's own.
    threshold: from which probability an event counts; None for the head's.
    time: whether what encoder and head cost is counted and timed.
    """

    head: str
    dataset: Dataset
    fold: str | None = None
    features: TapStore | None = None
    model: str | None = None
    options: EvaluationOptions = field(default_factory=EvaluationOptions)
    threshold: float | None = None
    time: bool = True
    threads: int = 0
    download_root: Location | None = None
    offline: bool | None = None


def evaluate_head(job: Job, progress: Progress | None = None) -> Evaluation:
    """The head measured on the clips.

    Raises:
        WhisperATError: if head, model or clips cannot be found or do not fit each other.
    """
    need("sklearn.metrics")  # better missed now than after an hour
    dataset = of_fold(job.dataset, job.fold)
    ready = _ready(job, dataset)
    said = predict(ready.head, ready.run, ready.store, clips=dataset.clips, progress=progress)
    found = evaluate(
        said,
        dataset,
        job.options,
        thresholds=thresholds_of(ready.head) if job.threshold is None else job.threshold,
        costs=_costs(ready) if job.time else None,
        fold=job.fold,
        sha256=ready.head.sha256,
    )
    return replace(found, notes=ready.notes)


@dataclass(frozen=True, kw_only=True)
class _Ready:
    """What runs: the head, the encoder if there is one, and where taps come from."""

    head: Head
    run: HeadFunction
    store: TapStore
    checkpoint: Checkpoint | None
    encoder: EncoderFunction | None
    notes: tuple[str, ...] = ()


def _ready(job: Job, dataset: Dataset) -> _Ready:
    """With features, the encoder is only there to be timed: a note says if its weights lack."""
    engine = open_engine("openvino", device="cpu", threads=job.threads, precision=fastest_precision())
    place: dict[str, Any] = {"download_root": job.download_root}
    name = job.features.card.encoder if job.features else _encoder_of(job)
    checkpoint: Checkpoint | None = None
    notes: tuple[str, ...] = ()
    if not job.features:
        checkpoint = find(name, offline=job.offline, **place)
    elif job.time:
        try:
            checkpoint = find(name, offline=True, **place)
        except WeightsError:
            notes = (f"the weights of {name} are not here, so nothing was timed",)
    encoder: EncoderFunction | None = None
    if checkpoint:
        name, dims = checkpoint.name, checkpoint.dims
        encoder = engine.encoder(dims, checkpoint.variables())
    else:
        assert job.features
        dims = _dims(job.features.card)
    offline = is_offline() if job.offline is None else job.offline
    head = find_head(job.head, encoder=name, dims=dims, offline=offline, **place)
    store = job.features
    if store is None:
        assert encoder
        store = EncodedClips(
            dataset.clips, encoder, dims, name=name, frames_per_cell=head.card.frames_per_cell
        )
    return _Ready(
        head=head, run=engine.head(head), store=store, checkpoint=checkpoint, encoder=encoder, notes=notes
    )


def _costs(ready: _Ready) -> Costs | None:
    if ready.checkpoint is None:
        return None
    return costs(
        ready.head,
        ready.checkpoint.dims,
        ready.checkpoint.variables(),
        run_head=ready.run,
        run_encoder=ready.encoder,
    )


def write(evaluation: Evaluation, folder: Path, suffix: str = ".png") -> tuple[Path, ...]:
    """The evaluation as JSON, and its pictures; gives the paths.

    Raises:
        OutputError: if one cannot be written.
    """
    path = folder / RESULT
    write_json(evaluation.to_dict(), path)
    return (path, *write_plots(evaluation, folder, suffix))


def _encoder_of(job: Job) -> str:
    """The Whisper model whose taps the head reads, `base` where nothing tells."""
    if job.model:
        return job.model
    cached = heads_folder(job.download_root) / f"{job.head}.safetensors"
    for path in (packaged_heads().get(job.head), cached, Path(job.head)):
        if path is not None and path.is_file():
            return read_head(path).card.encoder
    return HEADS[job.head].encoder if job.head in HEADS else "base"


def _dims(card: TapsCard) -> Dimensions:
    """The sizes that a head is checked against where only taps are at hand; what they do not tell is as in `base`."""
    return Dimensions(
        n_mels=80,
        n_state=card.n_state,
        n_heads=card.n_state // STATE_PER_HEAD,
        n_layers=card.n_layers,
        n_text_layers=card.n_layers,
        n_vocab=51865,
    )
