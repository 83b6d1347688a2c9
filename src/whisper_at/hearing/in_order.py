"""One window after the other, by Whisper's own rules: the decoder says where the next one starts."""

from whisper_at.audio import Recording
from whisper_at.hearing.options import Options
from whisper_at.hearing.session import Cancel, Ears, Heard, Progress, Session, encode
from whisper_at.speech.transcriber import Transcriber
from whisper_at.timegrid import seconds


def hear_in_order(
    recording: Recording,
    ears: Ears,
    options: Options,
    *,
    tags: bool = True,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> Heard:
    """The words and, if they are wanted, the tags of a recording.

    The decoder owns `seek`; the tagger pools what it has not heard yet on its own grid.
    """
    session = Session(recording, ears, options, words=True, tags=tags)
    transcriber = Transcriber(ears.decoder, ears.tokenizer, options)
    mel, seek = session.mel, 0
    while seek < mel.n_frames and not (cancel and cancel.is_set()):
        window = mel.window(seek)
        encoded = encode(ears, [window], [session.tagger])
        seek = transcriber.hear(window, encoded.features, session.evidence())
        session.heard_until = seek
        if progress:
            progress(seconds(min(seek, mel.n_frames)), seconds(mel.n_frames))
    return session.heard(transcriber.transcript())
