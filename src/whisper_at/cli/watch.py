"""`whisper-at FILE --watch LABELS`: a line for each sound that is watched for, as soon as it is heard; no words."""

import json
from collections.abc import Sequence

from whisper_at.annotation import Event
from whisper_at.cli.inputs import Input, expand
from whisper_at.cli.interrupt import stop_on_interrupt
from whisper_at.cli.run import Job, load_model
from whisper_at.cli.talk import emit, say
from whisper_at.errors import OptionError, WhisperATError
from whisper_at.tagging.events import not_learned

HEARD = 3  # exit status: something that was watched for was heard


def watch_all(arguments: Sequence[str], job: Job) -> int:
    """Watches all inputs, one after the other; 3 if anything was heard, else 1 if one failed, else 0.

    What the head has not learned is said first: it may never be heard, and nobody should wait for it.

    Raises:
        OptionError: if channels are to be heard apart.
    """
    if job.options.channels == "split":
        raise OptionError("--watch hears the mix of all channels; leave out --channels split")
    inputs = expand(arguments)
    model = load_model(job)
    for note in not_learned(model.head.card, job.options) if model.head else ():
        say(note)
    n_heard = failed = 0
    with stop_on_interrupt() as stop:
        for item in inputs:
            try:
                for event in model.events(item.open(), options=job.options, cancel=stop):
                    n_heard += 1
                    emit(_line(item, event))
            except WhisperATError as error:
                failed += 1
                say(str(error) if item.name in str(error) else f"{item.name}: {error}")
            if stop.is_set():
                raise KeyboardInterrupt
    return HEARD if n_heard else int(failed > 0)


def _line(item: Input, event: Event) -> str:
    told = {"file": item.name, "label": event.label, "mid": event.mid}
    times = {"start": event.start, "end": event.end, "probability": event.probability}
    return json.dumps({**told, **times}, ensure_ascii=False) + "\n"
