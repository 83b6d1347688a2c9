"""Words under noise, names of noise under speech, words of noise alone: from robustness-*.json."""

from collections.abc import Mapping
from typing import Any

from reporting.layout import loaded, made_by, prose, table, there
from whisper_at.robustness.plots import (
    cost_and_f1,
    invented_by_class,
    named_by_ratio,
    words_by_class,
    words_by_ratio,
)
from whisper_at.robustness.summary import ALL, FROM, TO, Summary, Words

DATA = "whisper-at robustness DATA/manifest.tsv DATA/manifest.tsv"
USUAL = "--noise-subset esc10 --fold 4"
READ = {"en": "speech_kathleen_en", "de": "speech_kerstin_de"}
NAMES = ("base-en", "tiny.en-en", "base-de")  # model and language
LANGUAGES = {"en": "English", "de": "German"}


def results() -> dict[str, Summary]:
    """By name, those that have been made."""
    names = there(*(f"robustness-{name}" for name in NAMES))
    return {name.removeprefix("robustness-"): Summary.from_dict(loaded(name)) for name in names}


def section() -> str:
    """The section."""
    found = results()
    name, first = next(iter(found.items()))
    parts = [
        "## What does noise do to the words?",
        prose(
            """Sentences that were read aloud, mixed with the ten classes of ESC-10; each sentence under each class
            at each ratio, and by itself. The heads have heard neither of these sentences nor of these noises in
            training. [How it is mixed and counted](robustness.md)."""
        ),
        *(_words(name, one) for name, one in found.items()),
        _beside_the_paper(first),
        _classes(name, first),
        *([_correlation(name, first)] if first.correlations else []),
        "## Are noises named under speech?",
        _named(found),
        "## What is written where nobody speaks?",
        _invented(name, found),
    ]
    return "\n\n".join(parts)


def pictures() -> dict[str, Any]:
    """Figures by the name of their file."""
    drawn: dict[str, Any] = {}
    for name, one in results().items():
        some = {"words": words_by_ratio, "named": named_by_ratio}
        if not drawn:
            some |= {"classes": words_by_class, "invented": invented_by_class}
            some |= {"correlation": cost_and_f1} if one.correlations else {}
        drawn |= {f"robustness-{name}-{what}": draw(one) for what, draw in some.items()}
    return drawn


def _words(name: str, one: Summary) -> str:
    gates = list(dict.fromkeys(row.gate for row in one.words))
    of_all = {(row.gate, row.snr): row for row in one.words if row.noise_class == ALL}
    ratios = list(dict.fromkeys(snr for _, snr in of_all))
    rows = [
        [
            "clean" if snr is None else f"{snr:g} dB",
            *(of_all[gate, snr].wer.percent() for gate in gates),
            _kinds(of_all[gates[0], snr]),
        ]
        for snr in ratios
    ]
    about = one.about
    return "\n\n".join(
        [
            f"### {_heard(one)}, {about['sentences']} sentences",
            f"![Word error rate by ratio](results/robustness-{name}-words.png)",
            table(["", *(f"WER, %, gate {gate}" for gate in gates), "of it replaced, missed, added"], rows),
            f"{of_all[gates[0], None].spoken} words clean, {about['recordings']} recordings for each gate, "
            f"seed {about['seed']}; " + made_by(_command(one), about["commit"], f"robustness-{name}"),
        ]
    )


def _command(one: Summary) -> str:
    about = one.about
    parts = [DATA, f"--speech-subset {READ[about['language']]}", USUAL, f"--model {about['model']}"]
    parts.append(f"--snr {','.join(f'{snr:g}' for snr in about['snrs'])} --gates {','.join(about['gates'])}")
    parts.append(f"--sentences {about['sentences']} --seed {about['seed']}")
    if one.correlations:
        parts.append(f"--probe experiments/results/probe-{about['model']}-esc10.json")
    return " ".join([*parts, "--out DIR"])


def _kinds(row: Words) -> str:
    return ", ".join(f"{100 * part:.1f}" for part in (row.replaced, row.missed, row.added))


def _heard(one: Summary) -> str:
    return f"`{one.about['model']}`, {LANGUAGES[one.about['language']]}"


def _beside_the_paper(one: Summary) -> str:
    paper = loaded("paper")["wer by snr, large-v1, %"]
    gate = one.words[0].gate
    rows = [
        [f"{row.snr:g} dB", row.wer.percent(), paper.get(f"{row.snr:g}", "-")]
        for row in one.words
        if row.noise_class == ALL and row.gate == gate and row.snr is not None
    ]
    return "\n\n".join(
        [
            "### Beside the paper",
            table(["", f"`{one.about['model']}` here, %", "`large-v1` in the paper, %"], rows),
            prose(
                """What differs: the model; sentences of one speaker here, of LibriSpeech there; ten classes of noise
                here, fifty there; Whisper's own normalizers here, capitals and no punctuation there; and the ratio,
                which here is that of the powers while both are heard, there that of whole files."""
            ),
        ]
    )


def _classes(name: str, one: Summary) -> str:
    gate = one.words[0].gate
    of_class = {(row.noise_class, row.snr): row for row in one.words if row.gate == gate}
    ratios = [snr for snr in (FROM, 0.0, TO) if (ALL, snr) in of_class]
    names = [noise for noise, snr in of_class if snr == ratios[-1] and noise != ALL]
    names.sort(key=lambda noise: of_class[noise, ratios[-1]].wer.value or 0)
    rows = [[noise, *(of_class[noise, snr].wer.percent() for snr in ratios)] for noise in names]
    return "\n\n".join(
        [
            f"### Which noises cost most: {_heard(one)}",
            f"![Word error rate by class and ratio](results/robustness-{name}-classes.png)",
            table([f"WER, %, gate {gate}", *(f"{snr:g} dB" for snr in ratios)], rows),
        ]
    )


def _correlation(name: str, one: Summary) -> str:
    rows = [
        [found.representation, found.classes, str(found.pearson), str(found.spearman)]
        for found in one.correlations
    ]
    left_out = loaded("paper")["classes left out of Figure 2"]
    return "\n\n".join(
        [
            "### Do noises that the layers tell well cost fewer words?",
            f"![What a class costs against its F1](results/robustness-{name}-correlation.png)",
            table(["F1 in a probe of", "classes", "Pearson's r", "Spearman's"], rows),
            prose(
                f"""Increase of the word error rate from {FROM:g} to {TO:g} dB against the F1 of the class, no class
                left out; the paper's regression leaves out {left_out} of fifty that were picked by hand. With ten
                classes the intervals, which draw classes, are wide."""
            ),
        ]
    )


def _named(found: Mapping[str, Summary]) -> str:
    parts = [
        prose(
            """The head hears the mixture, and one of the ten classes is the likeliest; by chance that is the right
            one in a tenth. Reported is a noise when a label of its class passes the head's own threshold somewhere:
            that is what a user sees."""
        )
    ]
    for name, one in found.items():
        rows = [
            ["alone" if row.snr is None else f"{row.snr:g} dB", row.right.percent(), row.reported.percent()]
            for row in one.named
            if row.noise_class == ALL
        ]
        parts += [
            f"### {_heard(one)}: names",
            f"![Noises named by ratio](results/robustness-{name}-named.png)",
            table(["", "named right, %", "reported, %"], rows),
        ]
    return "\n\n".join(parts)


def _invented(name: str, found: Mapping[str, Summary]) -> str:
    rows = [
        [_heard(one), row.gate, row.recordings, str(row.a_minute), row.clips.percent()]
        for one in found.values()
        for row in one.invented
        if row.noise_class == ALL
    ]
    return "\n\n".join(
        [
            "Each clip of ESC-10's fold 4 by itself: whatever is written is invented.",
            f"![Words invented by class](results/robustness-{name}-invented.png)",
            table(["", "gate", "clips", "words a minute", "clips with words, %"], rows),
        ]
    )
