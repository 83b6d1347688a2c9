"""Run networks of the original package `whisper-at` 0.5: python run_original.py FOLDER IN.npz OUT.npz

FOLDER holds the package, installed without its dependencies. What it imports and the networks do not use
(numba, tiktoken) is replaced by empty modules; torch and numpy are those of this environment.
IN: `kind`, tensors `w.<name>` and inputs. OUT: what the network answers.
"""

import importlib
import sys
import types

import numpy as np


def import_original(folder):
    sys.path.insert(0, folder)
    for name in ("numba", "tiktoken"):
        sys.modules[name] = types.ModuleType(name)
    sys.modules["numba"].jit = lambda *args, **kwargs: args[0] if args and callable(args[0]) else lambda f: f
    sys.modules["tiktoken"].Encoding = object
    package = types.ModuleType("whisper_at")  # its __init__ would ask for more
    package.__path__ = [f"{folder}/whisper_at"]
    sys.modules["whisper_at"] = package
    return importlib.import_module("whisper_at.model")


def main(folder, source, target):
    import torch

    original = import_original(folder)
    given = np.load(source)
    state = {name[2:]: torch.from_numpy(given[name]) for name in given.files if name.startswith("w.")}
    with torch.no_grad():
        if str(given["kind"]) == "encoder":
            n_mels, n_state, n_heads, n_layers = (int(n) for n in given["dims"])
            encoder = original.AudioEncoder(n_mels, 1500, n_state, n_heads, n_layers)
            encoder.load_state_dict(state)
            features, taps = encoder(torch.from_numpy(given["mel"]))
            answer = {"features": features.numpy(), "taps": taps.numpy()}
        else:
            _, n_layers, n_cells, n_state = given["taps"].shape
            head = original.ATModel(n_layer=n_layers, rep_dim=n_state, mode=str(given["kind"]))
            head.load_state_dict(state, strict=True)
            rows = [head(torch.from_numpy(row), n_cells * 0.4 + 1e-6) for row in given["taps"]]
            answer = {"logits": torch.cat(rows).numpy()}
    np.savez(target, **answer)


if __name__ == "__main__":
    main(*sys.argv[1:])
