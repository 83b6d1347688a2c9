"""The loop, to be read top to bottom: draw, hear, compare, move; at the end of an epoch judge and keep."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

import numpy as np
import torch

from whisper_at.errors import TrainingError
from whisper_at.training.augment import plan
from whisper_at.training.batches import Batch, Batches, prefetched
from whisper_at.training.corpus import Corpus
from whisper_at.training.network import Network
from whisper_at.training.optimiser import loss_of, rate_at
from whisper_at.training.processes import Processes
from whisper_at.training.recipe import Recipe
from whisper_at.training.sampling import clip_weights, draws, generator, steps_of_epoch
from whisper_at.training.scoring import mean_average_precision, row_logits, scored
from whisper_at.training.state import Best, State
from whisper_at.training.targets import Truth, truths

KEPT, KEPT_REFIT = "checkpoint.pt", "refit.pt"
LOGS = "tensorboard"


class Moment(NamedTuple):
    """How far a run is: steps made of all, the number of the epoch from 1, the last loss, the last validation mAP."""

    step: int
    n_steps: int
    epoch: int
    loss: float
    score: float | None


Watch = Callable[[Moment], None]


@dataclass(frozen=True, kw_only=True, eq=False)
class Job:
    """What a run needs and does not change.

    out: folder for state and logs.
    commit: of the source when the run was begun or gone on with.
    stop_at: for a refit, whose clips leave none to judge it by: the epoch whose weights are taken.
    """

    recipe: Recipe
    corpus: Corpus
    processes: Processes
    out: Path
    watch: Watch
    commit: str
    stop_at: int | None = None

    @cached_property
    def truth(self) -> list[Truth]:
        """What is said of the clips that are trained on."""
        clips = [self.corpus.clips[i] for i in self.corpus.train]
        return truths(clips, self.corpus.labels, parents=self.recipe.objective.parents)

    @property
    def kept(self) -> Path:
        """Where the state of the run is."""
        return self.out / (KEPT if self.stop_at is None else KEPT_REFIT)

    @property
    def steps_per_epoch(self) -> int:
        """Steps of one epoch."""
        return steps_of_epoch(len(self.truth), self.recipe.sampling)

    @property
    def n_steps(self) -> int:
        """Steps of the whole run, if it is not stopped early."""
        return self.steps_per_epoch * self.recipe.sampling.epochs


def train(job: Job, state: State) -> None:
    """Bring a run from wherever it stands to its end."""
    recipe = job.recipe
    store = np.array([job.corpus.place[i][0] for i in job.corpus.train])
    weights = clip_weights(job.truth, len(job.corpus.labels.ids), recipe.sampling, store)
    batches = Batches(job.corpus, job.corpus.train, job.truth, recipe)
    log = _log(job, state)
    while state.step < job.n_steps and not state.over:
        epoch, begun = divmod(state.step, job.steps_per_epoch)
        drawn = draws(weights, epoch, job.steps_per_epoch, seed=recipe.seed, sampling=recipe.sampling)
        plans = (
            plan(drawn[i], len(weights), recipe.augmentation, generator(recipe.seed, epoch, i))
            for i in range(begun, job.steps_per_epoch)
        )
        mine = (one.part(job.processes.rank, job.processes.size) for one in plans)
        started = monotonic()
        for batch in prefetched(map(batches.of, mine)):
            loss = make_step(job, state, batch)
            state.step += 1
            state.loss += loss
            now = monotonic()
            state.seconds, started = state.seconds + now - started, now
            if log:
                log.add_scalar("train/loss", loss, state.step)
            last = state.history[-1].get("validation mAP") if state.history else None
            job.watch(Moment(state.step, job.n_steps, epoch + 1, loss, last))
            if state.step % recipe.checkpoint_every == 0 and state.step % job.steps_per_epoch:
                _keep(job, state)
        end_epoch(job, state, epoch + 1)
        if log:
            for name, value in state.history[-1].items():
                log.add_scalar(f"epoch/{name}", value, state.step)
        _keep(job, state)
    if log:
        log.close()


def make_step(job: Job, state: State, batch: Batch) -> float:
    """Hear a batch and move the weights; gives its loss."""
    recipe, network = job.recipe, state.network
    rate = rate_at(
        state.step, steps_per_epoch=job.steps_per_epoch, n_steps=job.n_steps, optimiser=recipe.optimiser
    )
    for group in state.optimiser.param_groups:
        group["lr"] = rate
    torch.manual_seed(
        int(generator(recipe.seed, state.step, job.processes.rank).integers(2**62))
    )  # for dropout
    taps, row, place = (_tensor(array, network) for array in (batch.taps, batch.row, batch.place))
    logits = network(taps, row, place, batch.n_rows, bfloat16=recipe.precision == "bfloat16")
    rows = (_tensor(batch.rows.value, network), _tensor(batch.rows.weight, network))
    cells = batch.cells and (_tensor(batch.cells.value, network), _tensor(batch.cells.weight, network))
    loss = loss_of(logits, rows, cells, row, recipe.objective)
    state.optimiser.zero_grad()
    loss.backward()
    job.processes.mean_gradient(network.weights.values())
    if recipe.optimiser.clip:
        torch.nn.utils.clip_grad_norm_(list(network.weights.values()), recipe.optimiser.clip)
    mean = job.processes.mean(loss.detach())
    if mean != mean or mean == float("inf"):
        raise TrainingError(
            f"the loss is {mean} at step {state.step}; set a lower optimiser.rate, or optimiser.clip"
        )
    state.optimiser.step()
    state.average.after_step(network.weights)
    return mean


def end_epoch(job: Job, state: State, epoch: int) -> None:
    """Judge the weights on the validation folds, keep the best ones, and see whether it is time to end."""
    recipe, network = job.recipe, state.network
    state.average.after_epoch(epoch, network.weights)
    running = state.average.weights() if recipe.averaging.kind == "ema" else None
    weights = {name: tensor.detach().clone() for name, tensor in (running or network.weights).items()}
    about = {"epoch": epoch, "loss": state.loss / job.steps_per_epoch}
    if job.stop_at is None:
        about["validation mAP"] = _judged(job, state, Best(0.0, epoch, weights))
    elif epoch == job.stop_at:
        state.best, state.over = Best(0.0, epoch, weights), True
    rate = state.optimiser.param_groups[0]["lr"]
    state.history.append({**about, "rate": rate, "seconds": state.seconds})
    state.loss = 0.0


def _judged(job: Job, state: State, candidate: Best) -> float:
    """The validation mAP of some weights, kept if they are the best; the run is over if none have been for long."""
    recipe, network, processes = job.recipe, state.network, job.processes
    if processes.is_first:
        arrays = network.arrays(candidate.weights)
        judge = Network(recipe.head, arrays, n_layers=network.n_layers, device=network.device)
        logits = row_logits(judge, job.corpus, job.corpus.validation, recipe)
        candidate.score = mean_average_precision(scored(logits, job.corpus, job.corpus.validation))
        if candidate.score > state.best.score:
            state.best = candidate
    waited = candidate.epoch - state.best.epoch
    state.over = bool(processes.told(recipe.report.patience > 0 and waited >= recipe.report.patience))
    return candidate.score


def _keep(job: Job, state: State) -> None:
    if job.processes.is_first:
        state.keep(job.kept)


def _tensor(array: Any, network: Network) -> Any:
    return torch.from_numpy(array).to(network.device, non_blocking=True)


def _log(job: Job, state: State) -> Any:
    """TensorBoard's, of the first process; what a killed run has logged after its last state is taken back."""
    if not job.processes.is_first:
        return None
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise TrainingError(
            "training needs tensorboard, which is not installed; pip install 'whisper-at[train]'"
        ) from error
    return SummaryWriter(str(job.out / LOGS), purge_step=state.step + 1 if state.step else None)
