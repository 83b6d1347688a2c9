"""The commands and their options; what they do is in `run.py` and `catalog.py`."""

import contextlib
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from whisper_at.cli import evaluate, features, probe, robustness, soundscapes, teach, train, writing
from whisper_at.cli.arguments import normalised, number_or_none
from whisper_at.cli.help import CONVERT, FIND, PLOT
from whisper_at.cli.talk import emit, say
from whisper_at.errors import OptionError, WhisperATError

INTERRUPTED = 130  # what shells call Ctrl-C

EXAMPLES = """
Hears each recording once and writes down what was said and what was heard.

\b
  whisper-at street.mp3                     words and sounds to the screen and to street.json
  whisper-at talks/ -o out -f json,srt      every recording of a folder, with captions
  whisper-at radio.ogg --model tiny.en --head none
                                            words alone, with the smallest model
  whisper-at yard.wav --labels "Dog,Rain" --threshold 0.3 --tag_resolution 2
                                            these sounds alone, in rows of two seconds
  ffmpeg -i talk.mkv -f wav - | whisper-at -
                                            from a pipe
  whisper-at yard.wav --watch "Baby cry,explosions"
                                            a line for each, as it is heard; exit status 3
  whisper-at convert street.json -f srt,vtt
                                            other formats from what was written before, with no model
  whisper-at find "glass|alarm" out/        words and sounds in what was written before
  whisper-at plot street.json               a picture of it
  whisper-at models                         what can be used, and where it is
  whisper-at models --labels                the sounds that --labels takes

Options may be written with - or _ between words, as in openai-whisper.

Exit status: 0 done, 1 an input failed (the others went on), 2 wrong usage, 3 heard what was watched for.
"""


class Front(TyperGroup):
    """The whole command, whose help shows the options of `annotate`: the word is seldom written."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Writes the options, then the commands."""
        self.commands["annotate"].format_options(ctx, formatter)
        self.format_commands(ctx, formatter)


app = typer.Typer(
    cls=Front,
    options_metavar="",
    subcommand_metavar="[OPTIONS] AUDIO... | COMMAND",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    help=EXAMPLES,
)
Threshold = float | None
NUMBER: dict[str, Any] = {"parser": number_or_none, "metavar": "<float>"}

heads_app = typer.Typer(help="Tagging heads: convert published ones.")
app.add_typer(heads_app, name="heads")


@app.command(help=EXAMPLES, short_help="Write down what is said and heard in recordings.")
def annotate(
    audio: Annotated[list[str], typer.Argument(help="Files, folders, globs, addresses, or - for stdin.")],
    model: Annotated[str, typer.Option(help="Name or path of a Whisper model.")] = "base",
    head: Annotated[str, typer.Option(help="Tagging head: default, a name, a path, or none.")] = "default",
    language: Annotated[
        str | None, typer.Option(help="Language spoken, as a code or name; detected where it is not given.")
    ] = None,
    languages: Annotated[
        str | None, typer.Option(help="Detect among these alone, joined by commas: en,de.")
    ] = None,
    multilingual: Annotated[
        bool, typer.Option("--multilingual", help="Detect the language of each window, not of the recording.")
    ] = False,
    channels: Annotated[
        str, typer.Option(help="mix, or split: each channel by itself, such as a speaker each.")
    ] = "mix",
    clip_timestamps: Annotated[
        str | None, typer.Option(help="Hear these seconds alone: start,end,start,end,... up to the end.")
    ] = None,
    task: Annotated[str, typer.Option(help="transcribe, or translate into English.")] = "transcribe",
    output_dir: Annotated[Path, typer.Option("--output-dir", "-o", help="Folder for the results.")] = Path(),
    output_format: writing.Formats = "json",
    sounds: writing.Sounds = "auto",
    label_language: writing.LabelLanguage = None,
    max_line_width: writing.MaxLineWidth = 42,
    max_line_count: writing.MaxLineCount = 2,
    max_words_per_line: writing.MaxWordsPerLine = None,
    highlight_words: writing.HighlightWords = False,
    max_cps: writing.MaxCps = 21.0,
    frame_rate: writing.FrameRate = 25.0,
    tag_resolution: Annotated[
        float, typer.Option(help="Seconds of a row of tags, a multiple of 0.4.")
    ] = 10.0,
    threshold: Annotated[
        float | None,
        typer.Option(help="Probability from which a sound counts as heard [default: the head's]."),
    ] = None,
    top_k: Annotated[int | None, typer.Option(help="At most so many labels a row.")] = None,
    labels: Annotated[
        str | None, typer.Option(help="Only these: labels by name or mid, and groups, joined by commas.")
    ] = None,
    deny_labels: Annotated[
        str | None, typer.Option(help="None of these labels and groups, nor kinds of them.")
    ] = None,
    watch: Annotated[
        str | None,
        typer.Option(
            help="Tell of these sounds alone, as they are heard: a JSON line each; no words, no files."
        ),
    ] = None,
    parents: Annotated[
        bool, typer.Option("--parents", help="Also what is said more exactly: Animal while a dog barks.")
    ] = False,
    curves: Annotated[
        int, typer.Option(help="Keep the probabilities of so many labels over time, to be drawn.")
    ] = 0,
    beam_size: Annotated[int, typer.Option(help="Beams of the search at temperature 0.")] = 5,
    best_of: Annotated[int, typer.Option(help="Samples at other temperatures.")] = 5,
    temperature: Annotated[float, typer.Option(help="First temperature to decode at.")] = 0.0,
    temperature_increment_on_fallback: Annotated[
        Threshold,
        typer.Option(help="Step to the next one where a text fails the tests; 0 for none.", **NUMBER),
    ] = 0.2,
    compression_ratio_threshold: Annotated[
        Threshold, typer.Option(help="Loops are tried again above; None switches this off.", **NUMBER)
    ] = 2.4,
    logprob_threshold: Annotated[
        Threshold, typer.Option(help="Doubtful text is tried again below, or None.", **NUMBER)
    ] = -1.0,
    no_speech_threshold: Annotated[
        Threshold, typer.Option(help="Doubtful text is silence above, or None.", **NUMBER)
    ] = 0.6,
    condition_on_previous_text: Annotated[
        bool, typer.Option(help="With --sequential: text of a window is the prompt of the next.")
    ] = True,
    speech_gate: Annotated[
        str, typer.Option(help="auto, strict or off: no words where the tags hear nobody speak.")
    ] = "auto",
    sequential: Annotated[
        bool, typer.Option("--sequential", help="Window after window, by Whisper's own rules: slower.")
    ] = False,
    batch_size: Annotated[
        int, typer.Option(help="Windows heard at once; needs memory, changes no result.")
    ] = 6,
    initial_prompt: Annotated[str | None, typer.Option(help="Text to begin with: names, style.")] = None,
    hotwords: Annotated[
        str | None, typer.Option(help="Words that are likely, as a prompt for every window.")
    ] = None,
    suppress_tokens: Annotated[
        str, typer.Option(help="Tokens never written, joined by commas; -1: the model's list of symbols.")
    ] = "-1",
    suppress_numerals: Annotated[
        bool, typer.Option("--suppress-numerals", help="Numbers are written as words.")
    ] = False,
    no_repeat_ngram_size: Annotated[
        int, typer.Option(help="No run of so many tokens twice in a window; 0 allows all.")
    ] = 0,
    word_timestamps: Annotated[bool, typer.Option(help="Times of each word.")] = False,
    threads: Annotated[int, typer.Option(help="Processor threads; 0 for all cores.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, mps, or gpu (Intel).")] = "auto",
    compute_type: Annotated[str, typer.Option(help="auto, int8 or float32.")] = "auto",
    model_dir: Annotated[Path | None, typer.Option(help="Folder for weights, instead of the cache.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Never use the network.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Files and errors only.")] = False,
    verbose: Annotated[bool, typer.Option(help="As in openai-whisper: False is --quiet.")] = True,
    fp16: Annotated[
        bool, typer.Option(help="Taken for openai-whisper's sake; --compute-type is what counts.")
    ] = True,
) -> None:
    """Write down what is said and heard in recordings."""
    from whisper_at.cli import output, run
    from whisper_at.hearing.options import Options
    from whisper_at.tagging import selection
    from whisper_at.writers.options import WriteOptions

    written = WriteOptions(
        sounds=sounds,
        label_language=label_language,
        max_line_width=max_line_width,
        max_line_count=max_line_count,
        max_words_per_line=max_words_per_line,
        highlight_words=highlight_words,
        max_cps=max_cps,
        frame_rate=frame_rate,
    )
    if watch is not None and labels is not None:
        raise OptionError("--watch itself says which sounds are told of; leave out --labels")
    wanted = labels if watch is None else watch
    options = Options(
        language=language,
        languages=run.listed(languages),
        multilingual=multilingual,
        clip_timestamps=clip_timestamps,
        channels=channels,
        hotwords=hotwords,
        suppress_tokens=run.numbers(suppress_tokens),
        suppress_numerals=suppress_numerals,
        no_repeat_ngram_size=no_repeat_ngram_size,
        task=task,
        beam_size=beam_size,
        best_of=best_of,
        temperature=run.temperatures(temperature, temperature_increment_on_fallback),
        compression_ratio_threshold=compression_ratio_threshold,
        logprob_threshold=logprob_threshold,
        no_speech_threshold=no_speech_threshold,
        condition_on_previous_text=condition_on_previous_text,
        initial_prompt=initial_prompt,
        speech_gate=speech_gate,
        sequential=sequential,
        batch_size=batch_size if watch is None else 1,
        word_timestamps=word_timestamps or written.needs_words,
        tag_resolution=tag_resolution,
        threshold=threshold,
        top_k=top_k,
        parents=parents,
        curves=curves,
        labels=None if wanted is None else selection.select(wanted),
        without=selection.select(deny_labels) if deny_labels is not None else (),
    )
    job = run.Job(
        model=model,
        head=None if head == "none" else head,
        device=device,
        threads=threads,
        compute_type=compute_type,
        offline=offline or None,
        download_root=model_dir,
        output_dir=output_dir.expanduser(),
        formats=output.formats(output_format),
        options=options,
        writing=written,
        quiet=quiet or not verbose,
    )
    if watch is not None:
        from whisper_at.cli.watch import watch_all

        raise typer.Exit(watch_all(audio, job))
    raise typer.Exit(run.annotate_all(audio, job))


@app.command(short_help="List Whisper models, tagging heads, and labels.")
def models(
    labels: Annotated[
        bool, typer.Option("--labels", help="List the sounds instead: number, mid and name.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    model_dir: Annotated[Path | None, typer.Option(help="Folder for weights, instead of the cache.")] = None,
) -> None:
    """List Whisper models and tagging heads: size, languages, where found, what would be downloaded."""
    from whisper_at.cli import catalog

    if labels:
        emit(catalog.labels_as_json() if as_json else catalog.labels_as_text())
    else:
        emit(catalog.as_json(model_dir) if as_json else catalog.as_text(model_dir))


@app.command(help=CONVERT, short_help="Write stored annotations in other formats.")
def convert(
    annotations: Annotated[list[str], typer.Argument(help="Files, folders, or - for stdin.")],
    output_dir: Annotated[Path, typer.Option("--output-dir", "-o", help="Folder for the results.")] = Path(),
    output_format: writing.Formats = "srt",
    sounds: writing.Sounds = "auto",
    label_language: writing.LabelLanguage = None,
    max_line_width: writing.MaxLineWidth = 42,
    max_line_count: writing.MaxLineCount = 2,
    max_words_per_line: writing.MaxWordsPerLine = None,
    highlight_words: writing.HighlightWords = False,
    max_cps: writing.MaxCps = 21.0,
    frame_rate: writing.FrameRate = 25.0,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Errors only.")] = False,
) -> None:
    """Write stored annotations in other formats."""
    from whisper_at.cli.convert import Conversion, convert_all
    from whisper_at.cli.output import formats
    from whisper_at.writers.options import WriteOptions

    job = Conversion(
        output_dir=output_dir.expanduser(),
        formats=formats(output_format),
        writing=WriteOptions(
            sounds=sounds,
            label_language=label_language,
            max_line_width=max_line_width,
            max_line_count=max_line_count,
            max_words_per_line=max_words_per_line,
            highlight_words=highlight_words,
            max_cps=max_cps,
            frame_rate=frame_rate,
        ),
        quiet=quiet,
    )
    raise typer.Exit(convert_all(annotations, job))


@app.command(help=FIND, short_help="Look for words and sounds in stored annotations.")
def find(
    query: Annotated[str, typer.Argument(help="Regular expression; capitals do not count.")],
    annotations: Annotated[list[str], typer.Argument(help="Files, folders, or - for stdin.")],
    near: Annotated[str | None, typer.Option(help="Only near what answers this query.")] = None,
    within: Annotated[float, typer.Option(help="Seconds that count as near.")] = 5.0,
    kind: Annotated[str, typer.Option(help="said, heard, or both.")] = "both",
    threshold: Annotated[float, typer.Option(help="Sounds of at least this probability.")] = 0.0,
    label_language: writing.LabelLanguage = None,
    context: Annotated[
        bool, typer.Option("--context", help="Show all that was said with the words, or during the sound.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, one object a line.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="As a table for spreadsheets.")] = False,
) -> None:
    """Look for words and sounds in stored annotations."""
    from whisper_at.cli.find import Search, find_all, kinds
    from whisper_at.search import Query, pattern
    from whisper_at.tagging.wording import language_of

    if as_json and as_csv:
        raise OptionError("--json and --csv are two forms of the same answer; leave one out")
    words, heard = kinds(kind)
    search = Search(
        query=Query(
            pattern=pattern(query),
            near=None if near is None else pattern(near),
            within=within,
            words=words,
            sounds=heard,
            threshold=threshold,
            language=language_of(label_language),
        ),
        form="json" if as_json else "csv" if as_csv else "text",
        context=context,
    )
    raise typer.Exit(find_all(annotations, search))


@app.command(help=PLOT, short_help="Draw a recording: waveform, words and sounds.")
def plot(
    recording: Annotated[str, typer.Argument(help="A recording, or a stored annotation (.json).")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Picture: .png, .svg or .pdf [default: its name, .png]."),
    ] = None,
    audio: Annotated[
        Path | None, typer.Option(help="The recording of a stored annotation [default: the one beside it].")
    ] = None,
    most: Annotated[int, typer.Option(help="So many of the labels heard longest and surest.")] = 8,
    dark: Annotated[bool, typer.Option("--dark", help="Light on dark.")] = False,
    terminal: Annotated[
        bool, typer.Option("--terminal", help="Lines on the screen, and no picture.")
    ] = False,
    label_language: writing.LabelLanguage = None,
    model: Annotated[str, typer.Option(help="Name or path of a Whisper model.")] = "base",
    offline: Annotated[bool, typer.Option("--offline", help="Never use the network.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Errors only.")] = False,
) -> None:
    """Draw a recording: waveform, words and sounds."""
    from whisper_at.cli.plot import Drawing, draw

    job = Drawing(
        model=model,
        offline=offline or None,
        output=output,
        audio=audio,
        most=most,
        dark=dark,
        terminal=terminal,
        label_language=label_language,
        quiet=quiet,
    )
    raise typer.Exit(draw(recording, job))


@heads_app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="A published .pth, or one of the original's training code.")],
    encoder: Annotated[str | None, typer.Option(help="Whisper model whose taps it reads.")] = None,
    architecture: Annotated[
        str | None, typer.Option(help="Where the file leaves it open: mean-mlp or mean-tr.")
    ] = None,
    time_heads: Annotated[int, typer.Option(help="Attention heads over time.")] = 1,
    model_dir: Annotated[Path | None, typer.Option(help="Folder for weights, instead of the cache.")] = None,
) -> None:
    """Convert a published Whisper-AT checkpoint to a head file."""
    from whisper_at.tagging.heads import import_head

    path = import_head(
        file, encoder=encoder, architecture=architecture, time_heads=time_heads, download_root=model_dir
    )
    emit(f"{path.stem}  {path}\n")


app.command(help=features.HELP, short_help="Take the features of a corpus, for training.")(features.features)
app.command(help=soundscapes.HELP, short_help="Make scenes with exact truth from a corpus.")(
    soundscapes.soundscapes
)
app.command(help=teach.HELP, short_help="Let a teacher hear a corpus: soft labels.")(teach.teach)
app.command(help=train.HELP, short_help="Train a tagging head, as a recipe says.")(train.train)
app.command(help=evaluate.HELP, short_help="Measure a tagging head on a corpus.")(evaluate.evaluate)
app.command(help=probe.HELP, short_help="What each layer of an encoder knows of sounds.")(probe.probe)
app.command(help=robustness.HELP, short_help="How noise changes words, and how well it is named.")(
    robustness.robustness
)


def run(arguments: list[str]) -> int:
    """Parse and do; gives the exit status."""
    if arguments in ([], ["heads"]):  # nothing was asked for
        with contextlib.redirect_stdout(sys.stderr):
            _parse([*arguments, "--help"])
        return 2
    try:
        status = _parse(normalised(arguments))
    except WhisperATError as error:
        say(str(error))
        return 2 if isinstance(error, OptionError) else 1
    except KeyboardInterrupt:
        status = INTERRUPTED
    except Exception as error:
        usage = getattr(error, "format_message", None)  # typer's own errors of usage
        if usage is None:
            raise
        say(f"{' '.join(usage().split())} (whisper-at --help tells the options)")
        return 2
    if status == INTERRUPTED:  # so answers typer too
        say("stopped; what was finished has been written")
    return status


def _parse(arguments: list[str]) -> int:
    return int(app(arguments, prog_name="whisper-at", standalone_mode=False) or 0)
