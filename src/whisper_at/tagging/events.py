"""Logits to what people read: the labels of each row, and events as runs of cells above the threshold."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from whisper_at.annotation import Event, Tag, TagRow, Tags
from whisper_at.errors import OptionError
from whisper_at.model.calibration import AS_IT_IS, Calibration
from whisper_at.model.head_file import HeadCard
from whisper_at.tagging.options import TagOptions
from whisper_at.tagging.track import Track
from whisper_at.timegrid import seconds


def report(track: Track, card: HeadCard, options: TagOptions) -> tuple[tuple[Event, ...], Tags]:
    """The events and the rows of labels of a recording, as the options want them.

    Raises:
        OptionError: if a label is asked for that the head does not have.
    """
    reporting = Reporting.of(card, options)
    assert track.cells.shape[1] == len(reporting.columns), "heard with other options than it is reported with"
    return events_from(track, reporting), rows_from(track, reporting, options.tag_resolution)


@dataclass(frozen=True, kw_only=True)
class Reporting:
    """Which columns of the logits are reported, under which names, and from which probability.

    thresholds: float32, one for each column.
    """

    columns: npt.NDArray[np.int64]
    mids: tuple[str, ...]
    names: tuple[str, ...]
    thresholds: npt.NDArray[np.float32]
    calibration: Calibration
    top_k: int | None

    @classmethod
    def of(cls, card: HeadCard, options: TagOptions) -> "Reporting":
        """What a head can say and the options want to hear.

        Raises:
            OptionError: if a label is asked for that the head does not have at all.
        """
        wanted = card.reported if options.labels is None else options.labels
        position = {mid: column for column, mid in enumerate(card.mids)}
        missing = [mid for mid in wanted if mid not in position]
        if missing:
            raise OptionError(
                f"head {card.name} has no label {', '.join(missing)}; see whisper-at models --labels"
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
            calibration=card.calibration.part(columns),
            top_k=options.top_k,
        )


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


def rows_from(track: Track, reporting: Reporting, resolution: float) -> Tags:
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
    return Tags(resolution=resolution, rows=tuple(rows))


def events_from(track: Track, reporting: Reporting) -> tuple[Event, ...]:
    """Runs of cells in which a label is above its threshold, by their start."""
    events = []
    for j in range(len(reporting.mids)):  # one by one: hours of cells are large
        shares = probabilities(track.cells[:, [j]], reporting.calibration.part([j]))[:, 0]
        events += [
            Event(
                label=reporting.names[j],
                mid=reporting.mids[j],
                start=seconds(max(track.grid.frames(track.first_cell + first)[0], track.start)),
                end=seconds(min(track.grid.frames(track.first_cell + last)[-1] + 1, track.n_frames)),
                probability=_rounded(shares[first : last + 1].mean()),
            )
            for first, last in _runs(shares >= reporting.thresholds[j])
        ]
    return tuple(sorted(events, key=lambda event: (event.start, event.end, event.label)))


def _runs(on: npt.NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """First and last index of each run.

    >>> list(_runs(np.array([True, True, False, True])))
    [(0, 1), (3, 3)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], on, [False]]).astype(np.int8)))
    return ((int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True))


def _rounded(probability: np.floating) -> float:
    return round(float(probability), 4)
