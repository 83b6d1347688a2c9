"""A summary as text for the terminal."""

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
        cells = "".join(f"{rates[gate, snr].wer.percent():26}" for gate in gates)
        right = named[snr].right.percent() if snr is not None and snr in named else ""
        lines.append(f"{'clean' if snr is None else f'{snr:g} dB':>9}  {cells}{right}".rstrip())
    for one in found.invented:
        if one.noise_class == ALL:
            lines.append(
                f"noise alone, gate {one.gate}: {one.a_minute} words a minute, in {one.clips.percent()} % of clips"
            )
    if None in named:
        lines.append(f"noise alone is named right in {named[None].right.percent()} %")
    lines += [
        f"increase of WER and F1 of {one.representation}: Pearson's r {one.pearson}, Spearman's {one.spearman}, "
        f"{one.classes} classes"
        for one in found.correlations
    ]
    return "\n".join(lines) + "\n"
