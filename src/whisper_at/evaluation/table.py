"""An evaluation as a table for people."""

from collections.abc import Iterator

from whisper_at.evaluation.cost import Cost
from whisper_at.evaluation.result import Evaluation, LeftOut
from whisper_at.evaluation.score import Score

Row = tuple[str, str]


WIDTH = 120


def as_text(evaluation: Evaluation) -> str:
    """The numbers, one a line, and the table of labels, best first."""
    from rich.console import Console
    from rich.table import Table

    console = Console(width=WIDTH, force_terminal=False, highlight=False, color_system=None, markup=False)
    numbers = Table(box=None, show_header=False, pad_edge=False)
    for name, value in rows(evaluation):
        numbers.add_row(name, value)
    table = Table(box=None, pad_edge=False)
    for head in ("label", "clips", "AP", "AUC", "calibration", "event F1"):
        table.add_column(head, justify="left" if head == "label" else "right")
    for one in evaluation.labels:
        table.add_row(
            one.name,
            str(one.positives),
            str(one.ap),
            str(one.auc),
            _number(one.calibration_error),
            _number(one.event_f1),
        )
    with console.capture() as captured:
        console.print(numbers)
        if evaluation.labels:
            console.print()
            console.print(table)
    return "".join(line.rstrip() + "\n" for line in captured.get().splitlines())


def rows(evaluation: Evaluation) -> Iterator[Row]:
    """Name and value of all numbers but those of single labels."""
    fold = f", fold {evaluation.fold}" if evaluation.fold else ""
    yield "tagger", evaluation.tagger
    yield "corpus", f"{evaluation.dataset}{fold}: {evaluation.n_clips} clips"
    yield "absent labels", f"count as {evaluation.absent}"
    tags = evaluation.tags
    yield "mAP", f"{tags.mean_ap} over {tags.n_labels} labels"
    yield "mAUC", str(tags.mean_auc)
    yield "d'", str(tags.d_prime)
    yield "lwlrap", str(tags.lwlrap)
    yield "calibration error", str(evaluation.calibration_error)
    for one in evaluation.closed_sets:
        folds = f"; mean of {len(one.folds)} folds {one.mean_of_folds:.3f}" if len(one.folds) > 1 else ""
        yield f"accuracy, {one.name}", f"{one.accuracy} over {one.n_clips} clips{folds}"
    yield from _times(evaluation)
    if evaluation.costs:
        costs = evaluation.costs
        yield "encoder, 30 s", _cost(costs.encoder)
        yield "pooling of taps", _cost(costs.pooling)
        yield (
            "head, rows of 10 s",
            f"{_cost(costs.head_on_rows)} ({costs.share_of_rows:.2%} of the encoder's)",
        )
        yield "head, each cell", f"{_cost(costs.head_on_cells)} ({costs.share_of_cells:.2%} of the encoder's)"
    yield from _left_out(evaluation.left_out)
    for note in evaluation.notes:
        yield "note", note


def _times(evaluation: Evaluation) -> Iterator[Row]:
    events = evaluation.events
    if events:
        over = f"over {events.n_events} events of {events.n_labels} labels"
        yield "segment F1, micro", f"{events.segment_f1_micro} {over}"
        yield "segment F1, macro", str(events.segment_f1_macro)
        yield "event F1, micro", str(events.event_f1_micro)
        yield "event F1, macro", str(events.event_f1_macro)
    for name, value in (("PSDS 1", evaluation.psds1), ("PSDS 2", evaluation.psds2)):
        if value:
            yield name, str(value)
    for one in evaluation.presence:
        yield f"{one.name} in cells", f"AUC {one.auc}, without cut cells {_bare(one.auc_clear)}"


def _left_out(left_out: LeftOut) -> Iterator[Row]:
    for reason, names in (
        ("too few clips with it", left_out.no_positives),
        ("no clip without it", left_out.no_negatives),
        ("not predicted", left_out.not_predicted),
    ):
        if names:
            shown = ", ".join(names[:3]) + (" ..." if len(names) > 3 else "")
            yield "left out", f"{len(names)} labels, {reason}: {shown}"


def _cost(cost: Cost) -> str:
    took = "" if cost.seconds is None else f", {1000 * cost.seconds:.2f} ms"
    return f"{cost.parameters / 1e6:.2f} M parameters, {cost.multiply_adds / 1e9:.3f} G multiply-adds{took}"


def _bare(value: Score) -> str:
    return "-" if value.value is None else f"{value.value:.3f}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
