"""What was said, one segment a line, as openai-whisper writes it."""

from whisper_at.annotation import Annotation


def to_txt(annotation: Annotation) -> str:
    """The words alone."""
    return "".join(segment.text.strip() + "\n" for segment in annotation.segments)
