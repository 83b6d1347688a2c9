"""Executions of the networks: OpenVINO on CPUs and Intel GPUs, torch on CUDA and MPS.

In: weights. Out: functions from arrays to arrays. Both run the same definitions (`encoder.encode`, `heads.apply_head`).
"""

import sys
from collections.abc import Callable, Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from whisper_at.errors import OptionError
from whisper_at.model.dimensions import Dimensions
from whisper_at.model.encoder import POSITIONS, Encoded, encode, encoded_by, encoder_weights, steps_of_block
from whisper_at.model.head_file import Head
from whisper_at.model.heads import apply_head, head_weights
from whisper_at.model.openvino_reader import OpenVinoReader
from whisper_at.model.text_decoder import decoder_weights, read_tokens, remember_window
from whisper_at.timegrid import FRAMES_PER_STEP, STEPS_PER_WINDOW

Float = npt.NDArray[np.float32]
EncoderFunction = Callable[[Float, Float], Encoded]
"""mel [batch, mel, frame] and pool [batch, cell, step] to features and taps."""
HeadFunction = Callable[[Float], Float]
"""taps [row, layer, cell, dim] to logits [row, label]; not a probability yet."""
Precision = Literal["float32", "bfloat16", "int8"]
"""Of the encoder; `int8` are its matrices, and what they are multiplied with, in whole numbers of 8 bits."""

# Activations are rounded to 8 bits in groups of so many. Larger ones are quicker and coarser.
DECODER_SETTINGS = {"KV_CACHE_PRECISION": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": "64"}
ENCODER_SETTINGS = {"DYNAMIC_QUANTIZATION_GROUP_SIZE": "128"}
# Fused attention that was first run on rows of one cell is wrong on longer ones (OpenVINO 2026.4): heads do without.
HEAD_SETTINGS = {"SNIPPETS_MODE": "DISABLE"}


class Engine(Protocol):
    """Runs the networks."""

    def encoder(
        self, dims: Dimensions, variables: Mapping[str, npt.NDArray[Any]], *, stem: bool = False
    ) -> EncoderFunction:
        """An encoder with taps, ready to run; with `stem` the output of its convolutions is the first of them."""
        ...

    def head(self, head: Head) -> HeadFunction:
        """A tagging head, ready to run."""
        ...


def open_engine(name: str, *, device: str, threads: int, precision: Precision) -> Engine:
    """An engine by name: `openvino`, `torch`, or `auto` for what suits the device.

    Raises:
        OptionError: if there is no such engine, or torch is wanted and not installed.
    """
    if name == "auto":
        name = "openvino" if device in ("cpu", "gpu") else "torch"
    if name == "openvino":
        return OpenVinoEngine(device=device, threads=threads, precision=precision)
    if name == "torch":
        return TorchEngine(device=device, threads=threads, precision=precision)
    raise OptionError(f"engine must be auto, openvino or torch; got {name!r}")


def device_of(name: str) -> str:
    """The device that is meant: `auto` is CUDA where there is one and torch to run the encoder there, else `cpu`."""
    if name != "auto":
        return name
    if not find_spec("torch"):
        return "cpu"
    import ctranslate2

    return "cuda" if ctranslate2.get_cuda_device_count() else "cpu"


def fastest_precision() -> Precision:
    """The fastest one in which taps are those of single precision, for training on them and measuring with them.

    `bfloat16` where the processor multiplies it in tiles (AMX), else `float32`.

    AVX-512 alone has bfloat16 instructions too, but there they measured slower than single precision
    (benchmarks/README.md), so that flag is not asked for.
    """
    return "bfloat16" if _flag("amx_bf16") else "float32"


def quickest_precision() -> Precision:
    """That in which the encoder takes the least time, for who does without its last digits."""
    if _flag("amx_bf16"):
        return "bfloat16"
    return "int8" if _flag("avx512_vnni") or _flag("avx_vnni") else "float32"


def _flag(name: str) -> bool:
    cpuinfo = Path("/proc/cpuinfo")
    return sys.platform == "linux" and cpuinfo.exists() and name in cpuinfo.read_text(errors="replace")


def has_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 at all: memory is then read in half the bits."""
    return _flag("avx512_bf16")


class OpenVinoEngine:
    """Networks as compiled OpenVINO graphs. Heads always run in single precision: they cost next to nothing."""

    def __init__(self, *, device: str = "cpu", threads: int = 0, precision: Precision = "float32") -> None:
        self.device, self.threads, self.precision = device.upper(), threads, precision

    def encoder(
        self, dims: Dimensions, variables: Mapping[str, npt.NDArray[Any]], *, stem: bool = False
    ) -> EncoderFunction:
        from openvino import opset13 as ov

        from whisper_at.model.ops.openvino import OpenVinoOps

        ops = OpenVinoOps(int8_weights=self.precision == "int8")
        n_steps = len(variables[POSITIONS])
        one_by_one = self.device == "CPU"
        n = 1 if one_by_one else -1  # layers share room where their sizes are known: without, 200 MB more
        mel = ov.parameter([n, dims.n_mels, n_steps * FRAMES_PER_STEP], np.float32, name="mel")
        block = steps_of_block(n_steps)
        n_blocks = n * n_steps // block if one_by_one else -1
        pool = ov.parameter([n_blocks, -1, block], np.float32, name="pool")
        outputs = encode(ops, encoder_weights(ops, variables), dims, mel, pool, stem=stem)
        compiled = self._compile(outputs, [mel, pool], self.precision)

        def run(mel: Float, pool: Float) -> Encoded:
            return encoded_by(lambda *inputs: tuple(compiled(inputs).values()), mel, pool)

        return _one_by_one(run) if one_by_one else run

    def head(self, head: Head) -> HeadFunction:
        from openvino import opset13 as ov

        from whisper_at.model.ops.openvino import OpenVinoOps

        ops, card = OpenVinoOps(), head.card
        taps = ov.parameter([-1, card.n_layers, -1, card.n_state], np.float32, name="taps")
        weights = head_weights(ops, head.arrays, n_layers=card.n_layers)
        logits = apply_head(ops, weights, taps, architecture=card.architecture, time_heads=card.time_heads)
        settings = HEAD_SETTINGS if self.device == "CPU" else None
        compiled = self._compile([logits], [taps], "float32", settings=settings)

        def run(taps: Float) -> Float:
            return np.array(compiled([taps])[0])

        return run

    def decoder(
        self, dims: Dimensions, variables: Mapping[str, npt.NDArray[Any]], *, int8: bool
    ) -> OpenVinoReader:
        """A text decoder, ready to read; with `int8` its weights are of whole numbers."""
        from openvino import opset13 as ov

        from whisper_at.model.ops.openvino import OpenVinoOps

        ops = OpenVinoOps(int8_weights=int8, bfloat16_memory=int8 and has_bfloat16())
        weights = decoder_weights(ops, variables)
        features = ov.parameter([-1, STEPS_PER_WINDOW, dims.n_state], np.float32, name="features")
        memories = [tensor for pair in remember_window(ops, weights, dims, features) for tensor in pair]
        remember = self._compile(memories, [features], "float32")
        kept = [
            ov.parameter(memory.partial_shape, memory.element_type, name=f"memory_{i}")
            for i, memory in enumerate(remember.outputs)
        ]
        tokens, positions = (ov.parameter([-1, -1], np.int64, name=name) for name in ("tokens", "positions"))
        mask = ov.parameter([-1, 1, -1, -1], np.float32, name="mask")
        wanted = ov.parameter([-1], np.int64, name="wanted")
        logits = read_tokens(
            ops, weights, dims, tokens, positions, mask, wanted, list(zip(kept[::2], kept[1::2], strict=True))
        )
        inputs = [tokens, positions, mask, wanted, ops.going_on, *kept]
        read = self._compile([logits], inputs, "float32", sinks=ops.sinks)
        return OpenVinoReader(remember, read)

    def _compile(
        self,
        outputs: Any,
        inputs: Any,
        precision: Precision,
        sinks: Any = (),
        settings: Mapping[str, str] | None = None,
    ) -> Any:
        import openvino
        from openvino import opset13 as ov

        model = openvino.Model([ov.result(output) for output in outputs], list(sinks), inputs)
        chosen: dict[str, Any] = {
            **(settings or {}),
            "INFERENCE_PRECISION_HINT": "bf16" if precision == "bfloat16" else "f32",
            "NUM_STREAMS": 1,
            "ENABLE_CPU_PINNING": False,  # or encoder and decoder would share a core while another one is idle
        }
        if sinks:
            chosen |= DECODER_SETTINGS
        elif precision == "int8":
            chosen |= ENCODER_SETTINGS
        if self.threads:
            chosen["INFERENCE_NUM_THREADS"] = self.threads
        try:
            return openvino.Core().compile_model(model, self.device, chosen)
        except RuntimeError as error:
            found = ", ".join(openvino.Core().available_devices)
            raise OptionError(
                f"OpenVINO cannot run on device {self.device.lower()}; it finds {found.lower()} here"
            ) from error


class TorchEngine:
    """Networks as torch functions. Written for CUDA and MPS in the usual way; tested on CPU only so far.

    It knows no 8 bits: what was to run so runs in single precision.
    """

    def __init__(self, *, device: str = "cpu", threads: int = 0, precision: Precision = "float32") -> None:
        try:
            import torch
        except ImportError as error:
            raise OptionError(
                f"device {device} needs torch, which is not installed; install whisper-at[train] or use device cpu"
            ) from error
        from whisper_at.model.ops.torch import TorchOps

        if device.startswith("cuda") and not torch.cuda.is_available():
            raise OptionError("device cuda was asked for, but torch finds no CUDA device; use device cpu")
        if threads:
            torch.set_num_threads(threads)
        self.device = device
        self.ops = TorchOps(device, torch.bfloat16 if precision == "bfloat16" else torch.float32)
        self.head_ops = TorchOps(device, torch.float32)

    def encoder(
        self, dims: Dimensions, variables: Mapping[str, npt.NDArray[Any]], *, stem: bool = False
    ) -> EncoderFunction:
        weights = encoder_weights(self.ops, variables)

        def encoder(mel: Float, pool: Float) -> tuple[Float, Float]:
            import torch

            with torch.inference_mode():
                features, taps = encode(
                    self.ops, weights, dims, self.ops.weight(mel), self.ops.weight(pool), stem=stem
                )
                return features.float().cpu().numpy(), taps.float().cpu().numpy()

        return partial(encoded_by, encoder)

    def head(self, head: Head) -> HeadFunction:
        card = head.card
        weights = head_weights(self.head_ops, head.arrays, n_layers=card.n_layers)

        def run(taps: Float) -> Float:
            import torch

            with torch.inference_mode():
                x = self.head_ops.weight(taps)
                logits: Float = (
                    apply_head(
                        self.head_ops, weights, x, architecture=card.architecture, time_heads=card.time_heads
                    )
                    .cpu()
                    .numpy()
                )
                return logits

        return run


def _one_by_one(run: EncoderFunction) -> EncoderFunction:
    """The encoder over the windows of a batch in turn.

    A processor is no quicker with eight windows at once, and their attention takes a gigabyte more.
    """

    def run_each(mel: Float, pool: Float) -> Encoded:
        first = run(mel[:1], pool[:1])
        if len(mel) == 1:
            return first
        features, taps = (
            np.empty((len(mel), *part.shape[1:]), np.float32) for part in (first.features, first.taps)
        )
        features[0], taps[0] = first.features[0], first.taps[0]
        for i in range(1, len(mel)):
            one = run(mel[i : i + 1], pool[i : i + 1])
            features[i], taps[i] = one.features[0], one.taps[0]
        return Encoded(features, taps)

    return run_each
