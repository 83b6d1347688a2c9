"""Whisper in miniature, written in every form that weights come in.

The inverses of the project's readers are spelt out here once more and on purpose: they are the oracle.
"""

import json
import struct

import numpy as np

from whisper_at.model.formats.folder import preprocessor_config

TASKS = ["<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nocaptions|>"]
N_TIMESTAMPS = 1501


def byte_characters():
    """The 256 characters that stand for bytes in GPT-2's vocabulary."""
    plain = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in plain]
    return [chr(byte) for byte in plain] + [chr(256 + i) for i in range(len(others))]


def small_tokenizer(languages=("en", "de", "nl")):
    """A tokenizer.json as Whisper's, of single bytes and with few languages."""
    vocab = {token: i for i, token in enumerate([*byte_characters(), "<|endoftext|>"])}
    names = ["<|endoftext|>", "<|startoftranscript|>", *(f"<|{code}|>" for code in languages), *TASKS]
    names.append("<|notimestamps|>")
    added = [
        {
            "id": 256 + i,
            "content": name,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": True,
        }
        for i, name in enumerate(names)
    ]
    ids = {name: 256 + i for i, name in enumerate(names)}
    start, plain = "<|startoftranscript|>", "<|notimestamps|>"
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": None,
        "pre_tokenizer": {
            "type": "ByteLevel",
            "add_prefix_space": False,
            "trim_offsets": True,
            "use_regex": True,
        },
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [
                {"SpecialToken": {"id": start, "type_id": 0}},
                {"SpecialToken": {"id": plain, "type_id": 0}},
                {"Sequence": {"id": "A", "type_id": 0}},
            ],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {
                name: {"id": name, "ids": [ids[name]], "tokens": [name]} for name in (start, plain)
            },
        },
        "decoder": {
            "type": "ByteLevel",
            "add_prefix_space": True,
            "trim_offsets": True,
            "use_regex": True,
        },
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": "",
            "end_of_word_suffix": "",
            "fuse_unk": False,
            "vocab": vocab,
            "merges": [],
        },
    }


def vocabulary_of(tokenizer):
    tokens = [*tokenizer["model"]["vocab"]][:-1] + [token["content"] for token in tokenizer["added_tokens"]]
    return tokens + [f"<|{i * 0.02:.2f}|>" for i in range(N_TIMESTAMPS)]


def never_written(tokenizer):
    """The suppressed ids: among bytes these are marks, the first bytes of " -" and of "♪", and tasks."""
    tokens = vocabulary_of(tokenizer)
    marks = [*'"#()*+/:;<=>@[\\]^_`{|}~', "Ġ", "â", "<|startoftranscript|>", *TASKS]
    return sorted(tokens.index(mark) for mark in marks)


def small_whisper(*, n_mels=80, n_layers=3, n_text_layers=2, n_state=64, n_vocab=None, seed=0):
    """All variables of a whole model with random weights under their canonical names, sorted, float16."""
    rng = np.random.default_rng(seed)
    n_vocab = n_vocab or len(vocabulary_of(small_tokenizer()))
    d, heads = n_state, np.array(n_state // 64, np.int16)

    def normal(*shape):
        return (rng.standard_normal(shape) / np.sqrt(shape[-1])).astype(np.float16)

    v = {
        "encoder/conv1/weight": normal(d, n_mels, 3),
        "encoder/conv1/bias": normal(d),
        "encoder/conv2/weight": normal(d, d, 3),
        "encoder/conv2/bias": normal(d),
        "encoder/position_encodings/encodings": normal(1500, d),
        "encoder/num_heads": heads,
        "decoder/embeddings/weight": normal(n_vocab, d),
        "decoder/position_encodings/encodings": normal(448, d),
        "decoder/num_heads": heads,
        "decoder/activation": np.array(3, np.int8),
        "decoder/alibi": np.array(0, np.int8),
        "decoder/alignment_heads": np.array(1, np.int16),
        "decoder/alignment_layer": np.array(-1, np.int16),
        "decoder/pre_norm": np.array(1, np.int8),
        "decoder/scale_embeddings": np.array(0, np.int8),
        "decoder/start_from_zero_embedding": np.array(0, np.int8),
    }
    norms = ["encoder/layer_norm", "decoder/layer_norm"]
    linears = {}
    for side, n in (("encoder", n_layers), ("decoder", n_text_layers)):
        for i in range(n):
            at = f"{side}/layer_{i}"
            norms += [f"{at}/self_attention/layer_norm", f"{at}/ffn/layer_norm"]
            linears |= {f"{at}/self_attention/linear_0": (3 * d, d), f"{at}/self_attention/linear_1": (d, d)}
            linears |= {f"{at}/ffn/linear_0": (4 * d, d), f"{at}/ffn/linear_1": (d, 4 * d)}
            if side == "decoder":
                norms.append(f"{at}/attention/layer_norm")
                linears |= {f"{at}/attention/linear_{j}": (k * d, d) for j, k in enumerate((1, 2, 1))}
    for name in norms:
        v |= {f"{name}/gamma": 1 + normal(d), f"{name}/beta": normal(d)}
    for name, shape in linears.items():
        v |= {f"{name}/weight": normal(*shape), f"{name}/bias": normal(shape[0])}
        if name.endswith("self_attention/linear_0"):
            v[f"{name}/bias"][d : 2 * d] = 0  # Whisper's keys have no bias
        if name.endswith("/attention/linear_1"):
            v[f"{name}/bias"][:d] = 0
    return dict(sorted(v.items()))


def as_openai(v):
    """The state dictionary of OpenAI's `.pt`."""
    out = {
        "encoder.positional_embedding": v["encoder/position_encodings/encodings"],
        "decoder.positional_embedding": v["decoder/position_encodings/encodings"],
        "decoder.token_embedding.weight": v["decoder/embeddings/weight"],
    }

    def linear(new, weight, bias=None):
        out[f"{new}.weight"] = weight
        if bias is not None:
            out[f"{new}.bias"] = bias

    def norm(new, old):
        linear(new, v[f"{old}/gamma"], v[f"{old}/beta"])

    norm("encoder.ln_post", "encoder/layer_norm")
    norm("decoder.ln", "decoder/layer_norm")
    for conv in ("conv1", "conv2"):
        linear(f"encoder.{conv}", v[f"encoder/{conv}/weight"], v[f"encoder/{conv}/bias"])
    for side in ("encoder", "decoder"):
        i = 0
        while (old := f"{side}/layer_{i}") + "/ffn/linear_0/weight" in v:
            new = f"{side}.blocks.{i}"
            norm(f"{new}.attn_ln", f"{old}/self_attention/layer_norm")
            q, k, value = np.split(v[f"{old}/self_attention/linear_0/weight"], 3)
            q_bias, _, value_bias = np.split(v[f"{old}/self_attention/linear_0/bias"], 3)
            linear(f"{new}.attn.query", q, q_bias)
            linear(f"{new}.attn.key", k)
            linear(f"{new}.attn.value", value, value_bias)
            linear(f"{new}.attn.out", *_pair(v, f"{old}/self_attention/linear_1"))
            if side == "decoder":
                norm(f"{new}.cross_attn_ln", f"{old}/attention/layer_norm")
                linear(f"{new}.cross_attn.query", *_pair(v, f"{old}/attention/linear_0"))
                k, value = np.split(v[f"{old}/attention/linear_1/weight"], 2)
                linear(f"{new}.cross_attn.key", k)
                linear(f"{new}.cross_attn.value", value, np.split(v[f"{old}/attention/linear_1/bias"], 2)[1])
                linear(f"{new}.cross_attn.out", *_pair(v, f"{old}/attention/linear_2"))
            norm(f"{new}.mlp_ln", f"{old}/ffn/layer_norm")
            linear(f"{new}.mlp.0", *_pair(v, f"{old}/ffn/linear_0"))
            linear(f"{new}.mlp.2", *_pair(v, f"{old}/ffn/linear_1"))
            i += 1
    return out


def _pair(v, name):
    return v[f"{name}/weight"], v[f"{name}/bias"]


def as_hugging_face(v):
    """The tensors of a Hugging Face folder."""
    renamed = {}
    for name, array in as_openai(v).items():
        for old, new in (
            (".blocks.", ".layers."),
            ("cross_attn_ln", "encoder_attn_layer_norm"),
            ("cross_attn.", "encoder_attn."),
            (".attn_ln", ".self_attn_layer_norm"),
            (".attn.", ".self_attn."),
            (".query", ".q_proj"),
            (".key", ".k_proj"),
            (".value", ".v_proj"),
            ("attn.out", "attn.out_proj"),
            ("mlp_ln", "final_layer_norm"),
            ("mlp.0", "fc1"),
            ("mlp.2", "fc2"),
            ("ln_post", "layer_norm"),
            ("decoder.ln", "decoder.layer_norm"),
            ("token_embedding", "embed_tokens"),
            ("positional_embedding", "embed_positions.weight"),
        ):
            name = name.replace(old, new)
        renamed[f"model.{name}"] = array
    return renamed


def write_json(path, value):
    path.write_text(json.dumps(value), "utf-8")


def write_ctranslate2(folder, v, tokenizer=None):
    """A folder in the form of CTranslate2, by the layout in the design and not by the project's writer."""
    tokenizer = tokenizer or small_tokenizer()
    folder.mkdir(parents=True, exist_ok=True)
    aliases = {"decoder/projection/weight": "decoder/embeddings/weight"}
    (folder / "model.bin").write_bytes(model_bin(v, aliases))
    write_json(folder / "tokenizer.json", tokenizer)
    write_json(folder / "vocabulary.json", vocabulary_of(tokenizer))
    write_json(
        folder / "config.json",
        {
            "alignment_heads": [[1, 0]],
            "lang_ids": [258, 259, 260],
            "suppress_ids": never_written(tokenizer),
            "suppress_ids_begin": [tokenizer["model"]["vocab"]["Ġ"], 256],
        },
    )
    if (n_mels := v["encoder/conv1/weight"].shape[1]) != 80:
        write_json(folder / "preprocessor_config.json", preprocessor_config(n_mels))
    return folder


def model_bin(v, aliases=(), *, spec="WhisperSpec", version=6, revision=3):
    """The bytes of a model.bin."""
    codes = {"float32": 0, "int8": 1, "int16": 2, "int32": 3, "float16": 4}

    def string(text):
        return struct.pack("<H", len(text) + 1) + text.encode() + b"\0"

    out = [struct.pack("<I", version), string(spec), struct.pack("<II", revision, len(v))]
    for name, array in v.items():
        out += [string(name), struct.pack(f"<B{array.ndim}I", array.ndim, *array.shape)]
        out += [struct.pack("<BI", codes[array.dtype.name], array.nbytes), array.tobytes()]
    out.append(struct.pack("<I", len(aliases)))
    for alias, name in dict(aliases).items():
        out += [string(alias), string(name)]
    return b"".join(out)


def write_pt(path, v, tokenizer=None):
    """A `.pt` file as OpenAI's, and the tokenizer.json beside it."""
    import torch

    d, n_mels, _ = v["encoder/conv1/weight"].shape
    dims = {"n_mels": n_mels, "n_vocab": len(v["decoder/embeddings/weight"]), "n_audio_state": d}
    state = {name: torch.from_numpy(np.array(array)) for name, array in as_openai(v).items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"dims": dims, "model_state_dict": state}, path)
    write_json(path.parent / "tokenizer.json", tokenizer or small_tokenizer())
    return path


def write_hugging_face(folder, v, tokenizer=None, *, shards=1, tensors=None, **config):
    """A folder as Hugging Face's, in one file or in several."""
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    tensors = tensors or {name: np.ascontiguousarray(a) for name, a in as_hugging_face(v).items()}
    d, n_mels, _ = v["encoder/conv1/weight"].shape
    base = {"model_type": "whisper", "activation_function": "gelu", "num_mel_bins": n_mels, "d_model": d}
    write_json(folder / "config.json", {**base, "encoder_attention_heads": d // 64, **config})
    write_json(folder / "tokenizer.json", tokenizer or small_tokenizer())
    if shards == 1:
        save_file(tensors, folder / "model.safetensors")
        return folder
    index = {}
    for i in range(shards):
        part = dict(list(tensors.items())[i::shards])
        name = f"model-{i + 1:05d}-of-{shards:05d}.safetensors"
        save_file(part, folder / name)
        index |= dict.fromkeys(part, name)
    write_json(folder / "model.safetensors.index.json", {"metadata": {}, "weight_map": index})
    return folder


def generated(folder, n_windows=2, seed=3):
    """What CTranslate2 makes of random features with a model: tokens, scores, languages, alignment."""
    import ctranslate2

    model = ctranslate2.models.Whisper(str(folder), compute_type="float32", intra_threads=1)
    d = _state_of(folder)
    features = np.random.default_rng(seed).standard_normal((n_windows, 1500, d)).astype(np.float32)
    view = ctranslate2.StorageView.from_array(features)
    start = _start_of(folder)
    results = model.generate(view, [start] * n_windows, beam_size=2, max_length=20, return_scores=True)
    text = [65, 66, 67]
    aligned = model.align(view, start, [text] * n_windows, [3000] * n_windows)
    return (
        [(r.sequences_ids, r.scores, r.no_speech_prob) for r in results],
        model.detect_language(view) if model.is_multilingual else None,
        [(a.alignments, a.text_token_probs) for a in aligned],
    )


def _state_of(folder):
    from whisper_at.model.formats.ctranslate2_bin import ModelBin

    return ModelBin(folder / "model.bin").shapes["encoder/conv1/bias"][0]


def _start_of(folder):
    vocabulary = folder / "vocabulary.json"
    if vocabulary.is_file():
        tokens = json.loads(vocabulary.read_text("utf-8"))
    else:
        tokens = (folder / "vocabulary.txt").read_text("utf-8").split("\n")
    return [tokens.index(name) for name in ("<|startoftranscript|>", "<|en|>", "<|transcribe|>")]
