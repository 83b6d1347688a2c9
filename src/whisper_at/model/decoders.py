"""Which decoder runs where: our own graph beside OpenVINO, CTranslate2 elsewhere."""

import os

from whisper_at.model.ctranslate2_decoder import CTranslate2Decoder
from whisper_at.model.decoder import Decoder
from whisper_at.model.engine import Engine, OpenVinoEngine
from whisper_at.model.graph_decoder import GraphDecoder
from whisper_at.model.search import Symbols
from whisper_at.model.weights import Checkpoint

SMALL_STATE = 512  # `base`, the widest decoder measured


def open_decoder(
    checkpoint: Checkpoint, engine: Engine, *, device: str, threads: int, compute_type: str
) -> Decoder:
    """A decoder for a model, ready to run.

    Our own graph measured faster than CTranslate2 on processors in int8 (docs/performance.md). It has not been measured
    on Intel GPUs, and is not built for speed in single precision: CTranslate2 has these, as it has CUDA.

    Args:
        engine: what runs the encoder.
        compute_type: `int8` or `float32`.
    """

    def ctranslate2() -> CTranslate2Decoder:
        return CTranslate2Decoder(
            checkpoint.decoder_folder(),
            device=device,
            threads=_ctranslate2_threads(threads, checkpoint.dims.n_state),
            compute_type=compute_type,
        )

    if not isinstance(engine, OpenVinoEngine) or engine.device != "CPU" or compute_type != "int8":
        return ctranslate2()
    return GraphDecoder(
        engine.decoder(checkpoint.dims, checkpoint.variables(), int8=True),
        symbols_of(checkpoint),
        vocabulary=checkpoint.vocabulary,
        aligner=ctranslate2,
    )


def symbols_of(checkpoint: Checkpoint) -> Symbols:
    """The special tokens of a model, and what its config.json says is never written."""
    dims, config = checkpoint.dims, checkpoint.config
    return Symbols(
        n_vocab=dims.n_vocab,
        multilingual=dims.multilingual,
        suppressed=tuple(config.get("suppress_ids", ())),
        suppressed_first=tuple(config.get("suppress_ids_begin", ())),
    )


def _ctranslate2_threads(threads: int, n_state: int) -> int:
    """One thread for small decoders on two cores: their steps are so short that two mostly wait for each other.

    benchmarks/decoder_threads.py measures it.
    """
    available = threads or os.cpu_count() or 1
    return 1 if available <= 2 and n_state <= SMALL_STATE else threads
