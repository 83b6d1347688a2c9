"""What was said, one segment a line, as openai-whisper writes it."""

from whisper_at.annotation import Annotation
from whisper_at.writers.options import WriteOptions


def to_txt(annotation: Annotation, options: WriteOptions = WriteOptions()) -> str:
    """The words alone, with the channel before them where channels were kept apart."""
    return "".join(with_channel(s.text.strip(), s.channel) + "\n" for s in annotation.segments)


def with_channel(text: str, channel: int | None) -> str:
    """
    >>> with_channel("Hello.", 1), with_channel("Hello.", None)
    ('1: Hello.', 'Hello.')
    """
    return text if channel is None else f"{channel}: {text}"
