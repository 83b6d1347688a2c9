"""Timestamps cut a window into segments, and say where the next window starts."""

import re

from hypothesis import given
from hypothesis import strategies as st

from whisper_at.speech.segments import Cut, Piece, cut_window, frame_of

BEGIN = 1000  # the timestamp 0.00; text lies below
SEEKS = st.integers(0, 100_000)
TEXT = st.lists(st.integers(0, BEGIN - 1), min_size=1, max_size=4)


def cut(tokens, seek=0, n_frames=3000):
    return cut_window(tokens, timestamp_begin=BEGIN, seek=seek, n_frames=n_frames)


@st.composite
def plans(draw, min_size):
    """Segments in order, as (first step, last step, text)."""
    n = draw(st.integers(min_size, 6))
    times = sorted(draw(st.lists(st.integers(0, 1500), min_size=2 * n, max_size=2 * n, unique=True)))
    return [(times[2 * i], times[2 * i + 1], draw(TEXT)) for i in range(n)]


def write(plan):
    return [token for start, end, text in plan for token in (BEGIN + start, *text, BEGIN + end)]


def pieces_of(plan, seek):
    return tuple(
        Piece(start=seek + 2 * start, end=seek + 2 * end, tokens=(BEGIN + start, *text, BEGIN + end))
        for start, end, text in plan
    )


@given(plans(min_size=2), SEEKS)
def test_a_plan_is_found_again_and_its_single_end_closes_the_window(plan, seek):
    """After the last segment nobody speaks: the model has heard the window to its end."""
    assert cut(write(plan), seek) == Cut(pieces=pieces_of(plan, seek), next_seek=seek + 3000, complete=True)


@given(plans(min_size=2), SEEKS, st.booleans())
def test_unfinished_last_text_is_heard_again(plan, seek, cut_before_text):
    """A segment that the window cuts off is dropped; the next window starts where the one before it ended."""
    *whole, (start, _, text) = plan
    tokens = [*write(whole), BEGIN + start, *([] if cut_before_text else text)]
    end = seek + 2 * whole[-1][1]
    next_seek = end if end < seek + 3000 else seek + 3000
    assert cut(tokens, seek) == Cut(pieces=pieces_of(whole, seek), next_seek=next_seek, complete=False)


@given(TEXT, SEEKS, st.integers(1, 3000), st.integers(1, 1500))
def test_text_without_a_joint_is_one_segment_up_to_its_last_timestamp(text, seek, n_frames, end):
    whole_window = {"next_seek": seek + n_frames, "complete": True}
    for tokens, last in [
        (text, seek + n_frames),
        ([BEGIN, *text], seek + n_frames),
        ([BEGIN, *text, BEGIN + end], seek + 2 * end),
    ]:
        piece = Piece(start=seek, end=last, tokens=tuple(tokens))
        assert cut(tokens, seek, n_frames) == Cut(pieces=(piece,), **whole_window)


@st.composite
def grammatical(draw):
    """Tokens as Whisper's decoding rules let them through, cut off anywhere.

    Text lies between times; times do not fall; a segment is at least a step long; the next one may follow at once.
    """
    tokens, last = [], draw(st.integers(0, 50))
    tokens.append(last)
    for _ in range(draw(st.integers(0, 5))):
        tokens += [-1 for _ in draw(st.lists(st.none(), min_size=1, max_size=3))]
        if last >= 1500:
            break
        last = draw(st.integers(last + 1, 1500))
        tokens.append(last)
        if draw(st.booleans()):
            last = draw(st.integers(last, 1500))
            tokens.append(last)
        else:
            break
    cut_off = draw(st.integers(1, len(tokens)))
    return [BEGIN + time if time >= 0 else 7 for time in tokens[:cut_off]]


def openai_rule(tokens, n_frames):
    """openai-whisper's rule said in another way: segments [(start, end, tokens)] and seek, from the window's start."""
    kinds = "".join("T" if token >= BEGIN else "x" for token in tokens)
    joints = [match.start() + 1 for match in re.finditer("(?=TT)", kinds)]
    parts = [tokens[a:b] for a, b in zip([0, *joints], [*joints, len(tokens)], strict=True)]
    if not joints:
        times = [2 * (token - BEGIN) for token in tokens if token >= BEGIN]
        return [(0, times[-1] if any(times[-1:]) else n_frames, tuple(tokens))], n_frames
    silent_after = kinds.endswith("xT")
    heard = parts if silent_after else parts[:-1]
    segments = [(2 * (part[0] - BEGIN), 2 * (part[-1] - BEGIN), tuple(part)) for part in heard]
    return segments, n_frames if silent_after else segments[-1][1]


@given(grammatical(), SEEKS)
def test_windows_are_cut_as_openai_whisper_cuts_them(tokens, seek):
    found = cut(tokens, seek)
    segments, next_seek = openai_rule(tokens, 3000)
    assert [(p.start - seek, p.end - seek, p.tokens) for p in found.pieces] == segments
    assert found.next_seek - seek == next_seek


@given(grammatical(), SEEKS)
def test_pieces_lie_in_order_inside_the_window(tokens, seek):
    times = [time for piece in cut(tokens, seek).pieces for time in (piece.start, piece.end)]
    assert times == sorted(times)
    assert seek <= times[0] and times[-1] <= seek + 3000


@given(st.lists(st.integers(BEGIN - 3, BEGIN + 1500), max_size=12), SEEKS, st.integers(1, 3000))
def test_any_tokens_bring_us_on_and_never_past_the_windows_end(tokens, seek, n_frames):
    """Not even a model that says nothing but <|0.00|><|0.00|>, or times its words in the padding."""
    found = cut(tokens, seek, n_frames)
    assert seek < found.next_seek <= seek + n_frames
    if found.complete:
        assert found.next_seek == seek + n_frames


@given(st.integers(0, 10**7))
def test_a_frame_is_found_again_by_its_time(frame):
    assert frame_of(frame / 100) == frame
