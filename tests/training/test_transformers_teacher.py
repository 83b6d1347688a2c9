"""A model in a folder answers as it answers where it was made."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from whisper_at.errors import TrainingError
from whisper_at.timegrid import SAMPLE_RATE
from whisper_at.training.teachers import Teacher, open_teacher

transformers = pytest.importorskip("transformers", reason="these teachers need the extra [teachers]")
torch = pytest.importorskip("torch", reason="these teachers need the extra [train]")

AUDIOSET = ["Speech", "Dog", "Chirp, tweet", "Purr of our own"]
NOISE = np.random.default_rng(0).normal(0, 0.1, round(1.7 * SAMPLE_RATE)).astype(np.float32)


def tiny_ast(folder: Path, names: list[str], **config: Any) -> Any:
    """An Audio Spectrogram Transformer of random weights that hears 0.64 s at once."""
    torch.manual_seed(0)
    model = transformers.ASTForAudioClassification(
        transformers.ASTConfig(
            hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8, patch_size=8,
            max_length=64, num_mel_bins=16, frequency_stride=8, time_stride=8,
            id2label=dict(enumerate(names)), label2id={name: i for i, name in enumerate(names)}, **config,
        )
    ).eval()  # fmt: skip
    model.save_pretrained(folder)
    transformers.ASTFeatureExtractor(num_mel_bins=16, max_length=64).save_pretrained(folder)
    return model


def logits(model: Any, folder: Path, samples: Any) -> Any:
    inputs = transformers.ASTFeatureExtractor.from_pretrained(folder)(
        samples, sampling_rate=SAMPLE_RATE, return_tensors="pt"
    )
    with torch.inference_mode():
        return model(**inputs).logits[0]


def test_ast_answers_for_each_patch_and_label(tmp_path: Path) -> None:
    model = tiny_ast(tmp_path, AUDIOSET)
    teacher = open_teacher(f"transformers:{tmp_path}")
    assert isinstance(teacher, Teacher)
    assert teacher.ids == ("/m/09x0r", "/m/0bt9lr", "/m/07pggtn", "Purr of our own")
    assert (teacher.patch, teacher.hop) == (0.64, 0.32)
    heard = teacher.probabilities(NOISE)
    assert heard.shape == (5, 4) and heard.dtype == np.float32
    for row, start in zip(heard, (0, 5120, 10_240, 15_360, 16_960), strict=True):
        wanted = logits(model, tmp_path, NOISE[start : start + 10_240]).sigmoid().numpy()
        np.testing.assert_allclose(row, wanted, atol=1e-5)


def test_labels_of_another_kind_exclude_each_other(tmp_path: Path) -> None:
    model = tiny_ast(tmp_path, ["yes", "no", "left"])
    heard = open_teacher(f"transformers:{tmp_path}").probabilities(NOISE[:10_240])
    np.testing.assert_allclose(heard.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(heard[0], logits(model, tmp_path, NOISE[:10_240]).softmax(-1), atol=1e-5)


def test_what_the_model_says_of_itself_goes_first(tmp_path: Path) -> None:
    model = tiny_ast(tmp_path, ["yes", "no"], problem_type="multi_label_classification")
    heard = open_teacher(f"transformers:{tmp_path}").probabilities(NOISE[:10_240])
    np.testing.assert_allclose(heard[0], logits(model, tmp_path, NOISE[:10_240]).sigmoid(), atol=1e-5)


@pytest.mark.parametrize("n_samples", [1, 300, 9000])
def test_short_sounds_are_one_patch(tmp_path: Path, n_samples: int) -> None:
    tiny_ast(tmp_path, AUDIOSET)
    heard = open_teacher(f"transformers:{tmp_path}").probabilities(NOISE[:n_samples])
    assert heard.shape == (1, 4) and np.isfinite(heard).all()


def test_a_model_of_raw_samples_hears_ten_seconds_at_once(tmp_path: Path) -> None:
    torch.manual_seed(0)
    config = transformers.Wav2Vec2Config(
        hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8, conv_dim=[8, 8],
        conv_kernel=[10, 8], conv_stride=[160, 4], num_feat_extract_layers=2, classifier_proj_size=4,
        num_conv_pos_embeddings=4, num_conv_pos_embedding_groups=2, num_labels=2,
    )  # fmt: skip
    transformers.Wav2Vec2ForSequenceClassification(config).save_pretrained(tmp_path)
    transformers.Wav2Vec2FeatureExtractor().save_pretrained(tmp_path)
    teacher = open_teacher(f"transformers:{tmp_path}", hop=2.0)
    assert (teacher.patch, teacher.hop, teacher.name) == (10.0, 2.0, "wav2vec2")
    assert teacher.probabilities(np.tile(NOISE, 8)).shape == (3, 2)


def test_other_weights_are_another_version(tmp_path: Path) -> None:
    versions = []
    for bias in (0.0, 1.0):
        folder = tmp_path / str(bias)
        model = tiny_ast(folder, AUDIOSET)
        model.classifier.dense.bias.data += bias
        model.save_pretrained(folder)
        versions.append(open_teacher(f"transformers:{folder}").version)
    assert versions[0] != versions[1]


def test_a_folder_without_weights_is_refused_in_a_line(tmp_path: Path) -> None:
    tiny_ast(tmp_path, AUDIOSET)
    for file in tmp_path.glob("*.safetensors"):
        file.unlink()
    with pytest.raises(TrainingError, match="no model for audio classification") as caught:
        open_teacher(f"transformers:{tmp_path}")
    assert "\n" not in str(caught.value)


def test_another_sample_rate_is_refused(tmp_path: Path) -> None:
    tiny_ast(tmp_path, AUDIOSET)
    transformers.ASTFeatureExtractor(num_mel_bins=16, max_length=64, sampling_rate=32_000).save_pretrained(
        tmp_path
    )
    with pytest.raises(TrainingError, match="at 32000 Hz; a teacher must hear it at 16000 Hz"):
        open_teacher(f"transformers:{tmp_path}")
