"""What is reported of the tags."""

from dataclasses import dataclass

from whisper_at.errors import OptionError


@dataclass(frozen=True, kw_only=True)
class TagOptions:
    """Settings of the tagger.

    tag_resolution: length of a row in seconds, a multiple of the head's cell (0.4 s); the last row may be shorter.
    threshold: probability from which a label counts as heard; None takes the head's own.
    top_k: at most so many labels a row, the most probable ones; None for all above the threshold.
    parents: also events that another one makes superfluous, such as "Animal" while a dog barks.
    curves: keep the probabilities of so many of the likeliest labels, cell by cell, to be drawn.
    without: these mids and groups, with all kinds of them, are not reported.
    labels: only these mids or names are reported (even those that the head says it has not learned); of groups,
        such as "group:vehicles", those that it has learned. None for all it has.
    """

    tag_resolution: float = 10.0
    threshold: float | None = None
    top_k: int | None = None
    labels: tuple[str, ...] | None = None
    without: tuple[str, ...] = ()
    parents: bool = False
    curves: int = 0

    def __post_init__(self) -> None:
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise OptionError(f"threshold is a probability between 0 and 1, got {self.threshold:g}")
        if self.top_k is not None and self.top_k < 1:
            raise OptionError(f"top_k must be 1 or more, got {self.top_k}")
        if self.curves < 0:
            raise OptionError(f"curves is a number of labels, 0 for none; got {self.curves}")
