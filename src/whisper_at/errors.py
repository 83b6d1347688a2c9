"""What can go wrong, as one tree.

    WhisperATError
    ├── AudioError           a recording that cannot be opened, decoded or used
    ├── WeightsError         a Whisper model that cannot be found, checked or read
    │   └── WeightsMissing   no place holds it: names every place that was looked at
    ├── HeadError            a tagging head that cannot be found or read
    │   └── HeadMismatch     a head trained on the taps of another encoder
    ├── DatasetError         a corpus, a manifest or a store of features that is incomplete or cannot be read
    ├── AnnotationError      a stored annotation that cannot be read
    ├── TrainingError        a recipe or a run of training that cannot go on
    ├── OptionError          an option that makes no sense: answered with exit code 2
    └── OutputError          a result that could not be written

A message says what was wanted, what was found and what to do, in one line; the command line prints it
without a traceback.
"""


class WhisperATError(Exception):
    """Base of all errors that Whisper-AT raises on purpose."""


class AudioError(WhisperATError):
    """A recording that cannot be opened, decoded or used."""


class WeightsError(WhisperATError):
    """A Whisper model that cannot be found, checked or read."""


class WeightsMissing(WeightsError):
    """No place holds the model; the message names every place that was looked at."""


class HeadError(WhisperATError):
    """A tagging head that cannot be found or read."""


class HeadMismatch(HeadError):
    """A head that was trained on the taps of another encoder."""


class DatasetError(WhisperATError):
    """A corpus, a manifest or a store of features that is incomplete or cannot be read."""


class AnnotationError(WhisperATError):
    """A stored annotation that cannot be read, or lacks what is asked of it."""


class TrainingError(WhisperATError):
    """A recipe or a run of training that cannot go on."""


class OptionError(WhisperATError, ValueError):
    """An option that makes no sense, alone or together with the others."""


class OutputError(WhisperATError):
    """A result that could not be written."""
