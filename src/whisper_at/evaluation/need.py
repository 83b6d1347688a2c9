"""Libraries that only evaluation needs: loaded on use, and asked for by name where they are missing."""

from importlib import import_module
from typing import Any

from whisper_at.errors import OptionError


def need(module: str) -> Any:
    """A module of the extra [evaluate].

    Raises:
        OptionError: if it is not installed; says how to get it.
    """
    try:
        return import_module(module)
    except ImportError as error:
        package = module.partition(".")[0].replace("sklearn", "scikit-learn").replace("_", "-")
        raise OptionError(
            f"evaluation needs {package}, which is not installed; pip install 'whisper-at[evaluate]'"
        ) from error
