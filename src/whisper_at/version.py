"""The version of the package, by itself so that every layer may ask for it."""

__version__ = "1.0.0.dev1"
