"""wav2vec 2.0, HuBERT and WavLM in miniature with random weights: their hidden states, averaged."""

import numpy as np
import pytest

from whisper_at.errors import WeightsError
from whisper_at.probing.transformers_encoder import TransformersEncoder

transformers = pytest.importorskip("transformers", reason="transformers is not installed")
torch = pytest.importorskip("torch", reason="torch is not installed")

TINY = {
    **{"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32},
    **{"conv_dim": (8, 8), "conv_stride": (5, 4), "conv_kernel": (10, 8), "num_feat_extract_layers": 2},
    **{"num_conv_pos_embeddings": 8, "num_conv_pos_embedding_groups": 2},
}
KINDS = ("Wav2Vec2", "Hubert", "WavLM")


def saved(kind, folder, **changes):
    torch.manual_seed(0)
    config = getattr(transformers, f"{kind}Config")(**TINY | changes)
    getattr(transformers, f"{kind}Model")(config).save_pretrained(folder)
    return folder


def sound(seconds=1.0):
    return (0.3 * np.random.default_rng(0).standard_normal(round(16_000 * seconds))).astype(np.float32)


@pytest.mark.parametrize("kind", KINDS)
def test_layers_are_means_of_hidden_states(kind, tmp_path):
    encoder = TransformersEncoder(saved(kind, tmp_path / "small"))
    assert encoder.layers == ("convolution", "layer 1", "layer 2")
    found = encoder.means(sound())
    model = transformers.AutoModel.from_pretrained(tmp_path / "small").eval()
    with torch.inference_mode():
        states = model(torch.from_numpy(sound())[None], output_hidden_states=True).hidden_states
    np.testing.assert_allclose(found, [state[0].mean(0) for state in states], atol=1e-5)
    assert len(encoder.sha256) == 64


def test_loudness_does_not_matter_to_models_of_normal_sounds(tmp_path):
    encoder = TransformersEncoder(saved("Wav2Vec2", tmp_path / "small", feat_extract_norm="layer"))
    np.testing.assert_allclose(encoder.means(sound()), encoder.means(0.1 * sound()), atol=1e-3)


def test_random_weights_are_of_a_seed_and_short_sounds_are_heard(tmp_path):
    encoder = TransformersEncoder(saved("Hubert", tmp_path / "small"))
    one, same, other = (encoder.random(seed).means(sound(0.01)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 1e-4 and np.isfinite(one).all()


def test_what_is_no_such_encoder_is_said_so(tmp_path):
    with pytest.raises(WeightsError, match="holds no encoder of transformers"):
        TransformersEncoder(tmp_path)
    config = transformers.BertConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, vocab_size=30
    )
    transformers.BertModel(config).save_pretrained(tmp_path / "bert")
    with pytest.raises(WeightsError, match="is of kind bert; wanted one that hears samples"):
        TransformersEncoder(tmp_path / "bert")
