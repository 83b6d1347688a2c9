"""A result as text for the terminal."""

from whisper_at.probing.result import LAYER, OTHER, Probe, ProbeResult


def as_text(found: ProbeResult) -> str:
    """A line for each representation, then the best layer of each class."""
    named = [(_named(one), one) for one in found.probes]
    width = max(len(name) for name, _ in named)
    lines = [f"{found.model} on {found.dataset}: {found.clips} clips, {len(found.classes)} classes"]
    lines.append(f"{'':{width}}  {'accuracy':26}macro F1")
    lines += [f"{name:{width}}  {one.accuracy!s:26}{one.macro_f1}" for name, one in named]
    lines += ["", "best layer of each class, its F1, and the share of resamples in which it is the best"]
    width = max(len(one.class_name) for one in found.best)
    lines += [
        f"{one.class_name:{width}}  {one.layer:9} {one.f1:.3f}  {100 * one.share:.0f} %" for one in found.best
    ]
    return "\n".join(lines) + "\n"


def _named(one: Probe) -> str:
    return one.name if one.kind in (LAYER, OTHER, one.name) else f"{one.name}, {one.kind}"
