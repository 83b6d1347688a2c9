"""What `import whisper_at` gives, and what it costs."""

import subprocess
import sys

import whisper_at

HEAVY = ("numpy", "openvino", "ctranslate2", "torch", "av", "tokenizers", "huggingface_hub", "typer", "rich")


def test_all_is_sorted_and_there():
    assert whisper_at.__all__ == sorted(whisper_at.__all__)
    for name in whisper_at.__all__:
        assert getattr(whisper_at, name) is not None
    assert set(dir(whisper_at)) == set(whisper_at.__all__)


def loaded_by(statement):
    code = f"import sys; {statement}; print(' '.join(sys.modules))"
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()


def test_the_import_is_light():
    assert set(HEAVY) & set(loaded_by("import whisper_at")) == set()


def test_results_are_handled_without_engines():
    loaded = loaded_by(
        "from whisper_at import Annotation; import whisper_at.writers, whisper_at.tagging.ontology"
    )
    assert {"openvino", "ctranslate2", "torch", "av"} & set(loaded) == set()


def test_a_name_that_is_not_there_is_an_attribute_error():
    try:
        whisper_at.transcripe  # noqa: B018
    except AttributeError as error:
        assert "transcripe" in str(error)
    else:
        raise AssertionError


def test_every_error_has_the_one_base():
    import whisper_at.errors as errors

    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    assert len(kinds) >= 8
    assert all(issubclass(kind, whisper_at.WhisperATError) for kind in kinds)
    drawn = errors.__doc__
    assert all(kind.__name__ in drawn for kind in kinds)
