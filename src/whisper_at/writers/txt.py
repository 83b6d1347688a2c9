"""What was said, one segment a line, as openai-whisper writes it; with the sounds, where they are asked for."""

from whisper_at.annotation import Annotation
from whisper_at.tagging.wording import language_of
from whisper_at.writers.captions.sounds import notes_of
from whisper_at.writers.options import WriteOptions
from whisper_at.writers.worth import with_channel


def to_txt(annotation: Annotation, options: WriteOptions = WriteOptions()) -> str:
    """The words; sounds on lines of their own where they are asked for; the channel first where there are several."""
    language = language_of(options.label_language, annotation.text_language)
    lines: list[tuple[float, str]] = []
    if options.with_words:
        lines += [(s.start, with_channel(s.text.strip(), s.channel)) for s in annotation.segments]
    if options.with_sounds and options.sounds != "auto":
        for channel in dict.fromkeys(event.channel for event in annotation.events):
            own = [event for event in annotation.events if event.channel == channel]
            lines += [(note.start, with_channel(note.text, channel)) for note in notes_of(own, language)]
    return "".join(f"{line}\n" for _, line in sorted(lines, key=lambda one: one[0]))
