"""A run: from a recipe to a head file and an account of how it came about.

OUT/NAME.safetensors   the head, with its card
OUT/run.json           recipe, commit, seed, data, scores, every epoch, every label
OUT/checkpoint.pt      the state, to resume from; with report.refit also refit.pt
OUT/tensorboard/       loss, rate and validation mAP
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from whisper_at.errors import OutputError, TrainingError
from whisper_at.tagging.pooling import pooled
from whisper_at.training.corpus import Corpus, open_corpus
from whisper_at.training.finishing import finish
from whisper_at.training.loop import KEPT, Job, Watch, train
from whisper_at.training.network import Network, first_arrays, standardised
from whisper_at.training.processes import Processes
from whisper_at.training.recipe import Recipe
from whisper_at.training.sampling import generator
from whisper_at.training.state import State
from whisper_at.version import commit

CLIPS_TO_LOOK_AT = 500


def run(
    recipe: Recipe,
    out: Path,
    *,
    resume: bool = False,
    corpus: Corpus | None = None,
    watch: Watch = lambda moment: None,
) -> Path:
    """Train the head of a recipe; gives the path of its file.

    Args:
        out: folder for all that the run leaves.
        resume: go on with what is there; where nothing is, begin.
        corpus: what to train on, if not what the recipe names.
        watch: is told of every step.

    Raises:
        TrainingError: if the recipe does not fit the features, or the folder holds another run.
        DatasetError: if features or soft labels are not whole.
    """
    processes = Processes.open()
    corpus = corpus or open_corpus(recipe.data)
    _check(recipe, corpus, processes)
    if (out / KEPT).exists() and not resume:
        raise TrainingError(f"{out} holds a run already; go on with it by --resume, or choose another --out")
    job = Job(recipe=recipe, corpus=corpus, processes=processes, out=out, watch=watch, commit=commit())
    try:
        out.mkdir(parents=True, exist_ok=True)
        state = trained(job)
        again = trained(refit(job, state)) if recipe.report.refit else None
        path = out / f"{recipe.name}.safetensors"
        if processes.is_first:
            finish(job, state, again, path)
    except OSError as error:
        raise OutputError(f"{out} could not be written to ({error.strerror or error})") from error
    processes.close()
    return path


def trained(job: Job) -> State:
    """The state that a run ends with; it goes on from the one that is there."""
    network = _network(job.recipe, job.corpus, job.processes.device)
    state = State(job.recipe, network, data_sha256=job.corpus.sha256)
    if job.kept.exists():
        state.go_on_from(job.kept)
    train(job, state)
    return state


def refit(job: Job, state: State) -> Job:
    """The same once more, on the clips to validate on too, up to the last epoch that the weights were made of."""
    together = np.sort(np.concatenate([job.corpus.train, job.corpus.validation]))
    corpus = replace(job.corpus, train=together, validation=np.zeros(0, np.int64))
    averaging = job.recipe.averaging
    last = averaging.last if averaging.kind == "checkpoints" else state.best.epoch
    return replace(job, corpus=corpus, stop_at=job.processes.told(last))


def _check(recipe: Recipe, corpus: Corpus, processes: Processes) -> None:
    cell, there = recipe.head.frames_per_cell, corpus.card.frames_per_cell
    if cell % there:
        raise TrainingError(
            f"head.frames_per_cell is {cell}, but the features have cells of {there} frames; take a multiple of {there}"
        )
    if recipe.sampling.batch % processes.size:
        raise TrainingError(
            f"sampling.batch is {recipe.sampling.batch}, which {processes.size} processes cannot share evenly"
        )


def _network(recipe: Recipe, corpus: Corpus, device: str) -> Network:
    """The head with its first weights."""
    card, rng = corpus.card, generator(recipe.seed)
    arrays = first_arrays(
        recipe.head, n_layers=card.n_layers, n_state=card.n_state, n_labels=len(card.labels.ids), rng=rng
    )
    if recipe.head.standardise:
        arrays = standardised(arrays, recipe.head, _some_cells(corpus, recipe))
    return Network(recipe.head, arrays, n_layers=card.n_layers, device=device)


def _some_cells(corpus: Corpus, recipe: Recipe) -> npt.NDArray[np.float32]:
    """Cells [cell, layer, dim] from all over the training clips, at most four of each."""
    factor = recipe.head.frames_per_cell // corpus.card.frames_per_cell
    clips = corpus.train[:: -(-len(corpus.train) // CLIPS_TO_LOOK_AT)]
    cells = (pooled(corpus.taps(int(i)), factor) for i in clips)
    return np.concatenate([each[:: -(-len(each) // 4)] for each in cells])
