"""A summary as text for the terminal."""

from whisper_at.evaluation.score import Score
from whisper_at.robustness.summary import ALL, Summary


def as_text(found: Summary) -> str:
    """Word error rates by ratio and gate, how well noise is named, and what was invented; the JSON has the classes."""
    gates = list(dict.fromkeys(one.gate for one in found.words))
    rates = {(one.gate, one.snr): one for one in found.words if one.noise_class == ALL}
    named = {one.snr: one for one in found.named if one.noise_class == ALL}
    ratios = list(dict.fromkeys(snr for _, snr in rates))
    lines = [
        f"{'speech':>9}  " + "".join(f"{f'WER, %, gate {gate}':26}" for gate in gates) + "noise named, %"
    ]
    for snr in ratios:
        cells = "".join(f"{_percent(rates[gate, snr].wer):26}" for gate in gates)
        right = _percent(named[snr].right) if snr is not None and snr in named else ""
        lines.append(f"{'clean' if snr is None else f'{snr:g} dB':>9}  {cells}{right}".rstrip())
    for one in found.invented:
        if one.noise_class == ALL:
            lines.append(
                f"noise alone, gate {one.gate}: {one.a_minute} words a minute, in {_percent(one.clips)} % of clips"
            )
    if None in named:
        lines.append(f"noise alone is named right in {_percent(named[None].right)} %")
    lines += [
        f"increase of WER and F1 of {one.representation}: Pearson's r {one.pearson}, Spearman's {one.spearman}, "
        f"{one.classes} classes"
        for one in found.correlations
    ]
    return "\n".join(lines) + "\n"


def _percent(found: Score) -> str:
    """A share in per cent, with its interval.

    >>> _percent(Score(0.1234, 0.1, 0.15)), _percent(Score(0.5))
    ('12.3 (10.0 to 15.0)', '50.0')
    """
    if found.value is None:
        return "-"
    if found.low is None or found.high is None:
        return f"{100 * found.value:.1f}"
    return f"{100 * found.value:.1f} ({100 * found.low:.1f} to {100 * found.high:.1f})"
