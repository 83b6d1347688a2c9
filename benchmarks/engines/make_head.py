"""A head for the original Whisper-AT, in its published layout with random weights: `make_head.py base.pt out.pth`.

The published heads are in no wheel. What a head computes does not depend on its weights, so this one takes as long
as a trained one; what it says means nothing. The same seed gives the same head. Runs in the original's environment.
"""

import sys

SEED = 0


def main(checkpoint: str, out: str) -> None:
    """Writes the head that fits the Whisper in the checkpoint."""
    sys.path.pop(0)  # this folder, where another script has the library's name
    import torch

    from whisper_at.model import ATModel

    dims = torch.load(checkpoint, weights_only=True)["dims"]
    torch.manual_seed(SEED)
    head = ATModel(n_layer=dims["n_audio_layer"], rep_dim=dims["n_audio_state"], mode="tl_tr_1_8")
    torch.save({f"at_model.{name}": tensor for name, tensor in head.state_dict().items()}, out)


if __name__ == "__main__":
    main(*sys.argv[1:])
