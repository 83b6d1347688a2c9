"""One page that plays a recording beside its moving transcript and the lanes of its sounds; needs no network.

In: an annotation, and the recording or a compact sound of it. Out: HTML with style, program, data and, up to
`LARGEST` bytes, the sound itself. A larger one is linked where it lies, and the reader may choose the file.
"""

import base64
import html
import json
import os
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
PROGRAM = ("sound", "transcript", "lanes", "search", "keys", "start")  # the parts of it, one after the other
PLAYABLE = {  # what browsers play, by suffix
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
    title = options.recording.name if options.recording is not None else annotation.text[:60] or "Recording"
    return _filled(
        _part("page.html"),
        title=html.escape(title),
        style=_part("page.css"),
        data=_as_script(_data(annotation, options)),
        sound=html.escape(_sound(options)),
        program="\n".join(_part(f"{name}.js") for name in PROGRAM),
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
        "languages": {"text": annotation.text_language or "", "labels": language},
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


def holds(recording: Path) -> bool:
    """Whether a page takes a recording in as it is: browsers play its kind, and it is small enough."""
    kind = PLAYABLE.get(recording.suffix.lower())
    return kind is not None and recording.is_file() and recording.stat().st_size <= LARGEST


def _sound(options: WriteOptions) -> str:
    """Where the page finds its sound: in itself, elsewhere, or nowhere."""
    if options.sound is not None:
        return _inline("audio/webm", options.sound)
    recording = options.recording
    if recording is None:
        return ""
    if holds(recording):
        return _inline(PLAYABLE[recording.suffix.lower()], recording.read_bytes())
    return _link(recording, options.folder)


def _inline(kind: str, sound: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(sound).decode('ascii')}"


def _link(recording: Path, folder: Path | None) -> str:
    """The way from the page to the recording; without a folder they lie side by side.

    >>> _link(Path("talks/a talk.wav"), Path("pages")), _link(Path("talks/a talk.wav"), None)
    ('../talks/a%20talk.wav', 'a%20talk.wav')
    """
    if folder is None:
        return quote(recording.name)
    try:
        return quote(Path(os.path.relpath(recording, folder)).as_posix())
    except ValueError:  # another drive
        return recording.resolve().as_uri()


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
