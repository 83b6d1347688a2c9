"""The options of whatever writes results: the same for `annotate` and for `convert`."""

from typing import Annotated

import typer

Formats = Annotated[
    str,
    typer.Option(
        "--output-format", "-f", help="json, txt, srt, vtt, ... several joined by commas, or all; see below."
    ),
]
Sounds = Annotated[
    str,
    typer.Option(help="captions: lines of their own; inline, only, off; auto: captions, but not in txt."),
]
LabelLanguage = Annotated[
    str | None, typer.Option(help="Language that sounds are named in [default: that of the text].")
]
MaxLineWidth = Annotated[int, typer.Option(help="Columns of a line of captions.")]
MaxLineCount = Annotated[int, typer.Option(help="Lines of a caption.")]
MaxWordsPerLine = Annotated[int | None, typer.Option(help="At most so many words in a line of captions.")]
HighlightWords = Annotated[bool, typer.Option(help="Mark each word of a caption while it is said.")]
MaxCps = Annotated[float, typer.Option(help="Characters a second that can be read; 17 for children.")]
FrameRate = Annotated[float, typer.Option(help="Of the picture: two frames stay free between captions.")]
