"""Logits to what people read: the labels of each row, events with a beginning and an end, curves to draw."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from whisper_at.annotation import Curve, Curves, Event, Tag, TagRow
from whisper_at.errors import OptionError
from whisper_at.model.calibration import AS_IT_IS, Calibration
from whisper_at.model.head_file import HeadCard
from whisper_at.tagging import ontology
from whisper_at.tagging.detection import placed, stretches
from whisper_at.tagging.kinds import kind_of
from whisper_at.tagging.options import TagOptions
from whisper_at.tagging.said_once import said_once
from whisper_at.tagging.selection import expanded, size, with_kinds
from whisper_at.tagging.track import Track
from whisper_at.timegrid import seconds


@dataclass(frozen=True, kw_only=True)
class Report:
    """What is reported of a stretch of a recording."""

    events: tuple[Event, ...]
    rows: tuple[TagRow, ...]


def report(track: Track, card: HeadCard, options: TagOptions) -> Report:
    """The events and the rows of labels of a recording, as the options want them.

    Raises:
        OptionError: if a label is asked for that the head does not have.
    """
    reporting = Reporting.of(card, options)
    assert track.cells.shape[1] == len(reporting.columns), "heard with other options than it is reported with"
    events = events_from(track, reporting)
    return Report(
        events=events if options.parents else said_once(events),
        rows=rows_from(track, reporting),
    )


@dataclass(frozen=True, kw_only=True)
class Reporting:
    """Which columns of the logits are reported, under which names, and from which probability.

    thresholds: float32, one for each column. exact: they are the user's and not the head's.
    """

    columns: npt.NDArray[np.int64]
    mids: tuple[str, ...]
    names: tuple[str, ...]
    thresholds: npt.NDArray[np.float32]
    exact: bool
    calibration: Calibration
    top_k: int | None

    @classmethod
    def of(cls, card: HeadCard, options: TagOptions) -> "Reporting":
        """What a head can say and the options want to hear.

        Raises:
            OptionError: if a label is asked for that the head does not have at all, or nothing is left to report.
        """
        position = {mid: column for column, mid in enumerate(card.mids)}
        wanted = card.reported if options.labels is None else expanded(options.labels, card.reported)
        wanted = tuple(dict.fromkeys(one if one in position else _mid_of(one) for one in wanted))
        denied = with_kinds(options.without)
        wanted = tuple(mid for mid in wanted if mid not in denied)
        missing = [mid for mid in wanted if mid not in position]
        if missing:
            raise OptionError(
                f"head {card.name} has no label {', '.join(missing)}; see whisper-at models --labels"
            )
        if not wanted and (options.labels or options.without):
            raise OptionError(
                f"head {card.name} has learned none of the labels asked for; see whisper-at models --json"
            )
        columns = [position[mid] for mid in wanted]
        own = [card.thresholds[column] if card.thresholds else card.threshold for column in columns]
        return cls(
            columns=np.array(columns, np.int64),
            mids=tuple(wanted),
            names=tuple(card.names[column] for column in columns),
            thresholds=np.full(
                len(columns), own if options.threshold is None else options.threshold, np.float32
            ),
            exact=options.threshold is not None,
            calibration=card.calibration.part(columns),
            top_k=options.top_k,
        )


def not_learned(card: HeadCard, options: TagOptions) -> tuple[str, ...]:
    """What a reader must know before an empty answer is taken for silence, a line: labels and groups by their names.

    Of a group that is known in part what is known is reported.
    """
    if options.labels is None:
        return ()
    reporting = Reporting.of(card, options)
    asked = zip(reporting.mids, reporting.names, strict=True)
    unknown = [name for mid, name in asked if mid not in card.reported]
    for one in options.labels:
        total = size(one)
        known = len(expanded([one], card.reported))
        if known < total:
            unknown.append(
                f"{total - known} of the {total} labels of {one}" if known else f"anything of {one}"
            )
    return (f"head {card.name} has not learned {', '.join(unknown)}",) if unknown else ()


def _mid_of(label: str) -> str:
    """The mid of a label that was given by its name; a mid as it is."""
    return label if label.startswith("/") else ontology.find(label).mid


def probabilities(
    logits: npt.NDArray[np.float32], calibration: Calibration = AS_IT_IS
) -> npt.NDArray[np.float32]:
    """The logistic function, without overflow, of the logits [..., label] as the head's card calibrates them.

    >>> probabilities(np.float32([-1000, 0, 1000])).tolist()
    [0.0, 0.5, 1.0]
    >>> probabilities(np.float32([3]), Calibration(scale=(2.0,), bias=(-6.0,))).tolist()
    [0.5]
    """
    result: npt.NDArray[np.float32] = 0.5 * (1 + np.tanh(0.5 * calibration.apply(logits)))
    return result


def rows_from(track: Track, reporting: Reporting) -> tuple[TagRow, ...]:
    """For each row the labels above their thresholds, most probable first."""
    frames_per_row = track.cells_per_row * track.grid.frames_per_cell
    origin = track.grid.frames(track.first_cell)[0]
    rows = []
    for i, row in enumerate(probabilities(track.rows, reporting.calibration)):
        order = np.argsort(-row, kind="stable")[: reporting.top_k]
        tags = tuple(
            Tag(label=reporting.names[j], mid=reporting.mids[j], probability=_rounded(row[j]))
            for j in order
            if row[j] >= reporting.thresholds[j]
        )
        start, end = origin + i * frames_per_row, origin + (i + 1) * frames_per_row
        start, end = max(start, track.start), min(end, track.n_frames)
        rows.append(TagRow(start=seconds(start), end=seconds(end), tags=tags))
    return tuple(rows)


def events_from(track: Track, reporting: Reporting) -> tuple[Event, ...]:
    """All events of all labels, by their start; those of one label do not touch."""
    within = range(track.start, track.n_frames)
    events = []
    for j, (mid, name) in enumerate(zip(reporting.mids, reporting.names, strict=True)):
        # One by one: hours of cells are large.
        shares = probabilities(track.cells[:, [j]], reporting.calibration.part([j]))[:, 0]
        found = stretches(
            shares, float(reporting.thresholds[j]), kind_of(mid), track.grid, exact=reporting.exact
        )
        here = [range(track.first_cell + run.start, track.first_cell + run.stop) for run in found]
        frames = _apart([placed(run, track.grid, track.edges, within) for run in here])
        events += [
            Event(
                label=name,
                mid=mid,
                start=seconds(frames[i].start),
                end=seconds(frames[i].stop),
                probability=_rounded(shares[found[i].start : found[i].stop].mean()),
            )
            for i in range(len(found))
            if len(frames[i])
        ]
    return tuple(sorted(events, key=lambda event: (event.start, event.end, event.label)))


def curves_from(tracks: Sequence[Track], reporting: Reporting, n: int) -> Curves:
    """The `n` labels that reach the highest probabilities, cell by cell from the start of the recording on.

    Args:
        tracks: of one recording, stretch by stretch; between them a curve is 0.
    """
    grid = tracks[0].grid
    shares = [probabilities(track.cells, reporting.calibration) for track in tracks]
    peaks = np.max([each.max(axis=0, initial=0) for each in shares], axis=0)
    strongest = np.argsort(-peaks, kind="stable")[:n]
    whole = np.zeros((grid.n_cells(tracks[-1].n_frames), len(strongest)), np.float32)
    for track, each in zip(tracks, shares, strict=True):
        cells = whole[track.first_cell : track.first_cell + len(each)]
        np.maximum(cells, each[:, strongest], out=cells)
    return Curves(
        resolution=seconds(grid.frames_per_cell),
        curves=tuple(
            Curve(
                label=reporting.names[j],
                mid=reporting.mids[j],
                probabilities=tuple(round(float(p), 3) for p in whole[:, i]),
            )
            for i, j in enumerate(strongest)
        ),
    )


def _apart(runs: list[range]) -> list[range]:
    """The same, each cut where the next one begins: edges may have been moved into each other."""
    return [
        range(run.start, min([run.stop, *(following.start for following in runs[i + 1 : i + 2])]))
        for i, run in enumerate(runs)
    ]


def _rounded(probability: np.floating) -> float:
    return round(float(probability), 4)
