"""One page that plays a recording beside its moving transcript and the lanes of its sounds; needs no network.

In: an annotation, and the recording if it is at hand. Out: HTML with style, program, data and, up to `LARGEST` bytes,
the sound itself. A longer recording is looked for beside the page under its name, and the reader may choose the file.
"""

import base64
import html
import json
import mimetypes
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

from whisper_at.annotation import Annotation
from whisper_at.tagging import groups
from whisper_at.tagging.wording import group_name, language_of, wording
from whisper_at.writers.options import WriteOptions
from whisper_at.writers.worth import worth_reading

LARGEST = 24_000_000  # bytes of sound that are put into the page
RIGHT_TO_LEFT = ("ar", "fa", "he", "ur", "yi", "ps", "sd")
PLAYABLE = {  # what browsers play, by suffix; mimetypes does not know all of them
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".aac": "audio/aac",
    ".ogg": "audio/ogg",
    ".oga": "audio/ogg",
    ".opus": "audio/ogg",
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".weba": "audio/webm",
    ".webm": "video/webm",
    ".mp4": "video/mp4",
}


def to_html(annotation: Annotation, options: WriteOptions) -> str:
    """The page. Open it from disk in any browser of the last years."""
    language = annotation.text_language or language_of(options.label_language)
    title = options.recording.name if options.recording is not None else annotation.text[:60] or "Recording"
    return _filled(
        _part("page.html"),
        language=html.escape(language),
        title=html.escape(title),
        style=_part("page.css"),
        data=_as_script(_data(annotation, options)),
        sound=html.escape(_sound(options.recording)),
        program=_part("page.js"),
    )


def _data(annotation: Annotation, options: WriteOptions) -> dict[str, Any]:
    """What the program reads: times in seconds, names in the reader's language."""
    language = language_of(options.label_language, annotation.text_language)
    worth = {id(event) for event in worth_reading(annotation.events, with_speech=annotation.language is None)}
    mids = dict.fromkeys(event.mid for event in annotation.events)
    labels = {event.mid: event.label for event in annotation.events}
    curves = annotation.curves.curves if annotation.curves else ()
    return {
        "duration": annotation.duration,
        "rtl": (annotation.text_language or "") in RIGHT_TO_LEFT,
        "segments": [
            {
                "start": s.start,
                "end": s.end,
                "text": s.text.strip(),
                "channel": s.channel,
                "words": [[w.word, w.start, w.end] for w in s.words or ()],
            }
            for s in (annotation.segments if options.with_words else ())
        ],
        "labels": {
            mid: {
                "name": wording(mid, labels[mid], language).name,
                "caption": wording(mid, labels[mid], language).caption,
                "groups": [key for key in groups.GROUPS if any(x.mid == mid for x in groups.members(key))],
            }
            for mid in mids
        },
        "groups": {key: group_name(key, language) for key in groups.GROUPS},
        "events": [
            {
                "start": e.start,
                "end": e.end,
                "mid": e.mid,
                "probability": e.probability,
                "channel": e.channel,
                "told": id(e) in worth,
            }
            for e in (annotation.events if options.with_sounds else ())
        ],
        "curves": {
            "resolution": annotation.curves.resolution if annotation.curves else 0,
            "of": {curve.mid: curve.probabilities for curve in curves if curve.channel in (None, 0)},
        },
    }


def _sound(recording: Path | None) -> str:
    """Where the page finds its sound: in itself, beside itself, or nowhere."""
    if recording is None:
        return ""
    kind = PLAYABLE.get(recording.suffix.lower()) or mimetypes.guess_type(recording.name)[0]
    if kind and recording.is_file() and recording.stat().st_size <= LARGEST:
        return f"data:{kind};base64,{base64.b64encode(recording.read_bytes()).decode('ascii')}"
    return quote(recording.name)


def _as_script(data: dict[str, Any]) -> str:
    """JSON that nothing in it can end early."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _filled(template: str, **parts: str) -> str:
    """The template with its `%%names%%` filled in."""
    pieces = template.split("%%")
    return "".join(parts[piece] if i % 2 else piece for i, piece in enumerate(pieces))


def _part(name: str) -> str:
    return files("whisper_at.writers.page").joinpath(name).read_text(encoding="utf-8")
