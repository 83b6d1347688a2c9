"""One window after the other, by Whisper's own rules: the decoder says where the next one starts."""

from collections.abc import Iterator

from whisper_at.audio import Stream
from whisper_at.hearing.options import Options
from whisper_at.hearing.session import Cancel, Ears, Heard, Progress, Session, encode
from whisper_at.speech.transcriber import Transcriber
from whisper_at.timegrid import FRAMES_PER_WINDOW


def hear_in_order(
    recording: Stream,
    ears: Ears,
    options: Options,
    *,
    tags: bool = True,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> Heard:
    """The words and, if they are wanted, the tags of a recording."""
    session = Session(recording, ears, options, words=True, tags=tags)
    for _ in windows_in_order(session, ears, options, progress=progress, cancel=cancel):
        pass
    return session.heard()


def windows_in_order(
    session: Session,
    ears: Ears,
    options: Options,
    *,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> Iterator[Session]:
    """Hears a recording, and gives it after each window.

    The decoder owns `seek`; the tagger pools what it has not heard yet on its own grid.
    """
    transcriber = Transcriber(ears.decoder, ears.tokenizer, options, session.draft)
    mel = session.mel
    for seek, end in session.clips:
        while (end is None or seek < end) and session.reaches(seek + 1) and not (cancel and cancel.is_set()):
            window = mel.window(seek, FRAMES_PER_WINDOW if end is None else end - seek)
            session.end_tags(window)
            encoded = encode(ears, [window], [session.tagger_of(window)])
            seek = transcriber.hear(window, encoded.features, session.evidence())
            session.heard_until = session.settled_until = seek
            mel.forget(seek)
            if progress:
                progress(*session.progress())
            yield session
