"""The Hugging Face Trainer, with span F1 through the real inference code as its measure."""

from __future__ import annotations

import math
import signal
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor, wait
from pathlib import Path
from threading import Barrier
from types import FrameType
from typing import Any

import torch
from accelerate.utils import broadcast_object_list
from datasets import Dataset
from transformers import (
    DataCollatorForTokenClassification,
    EarlyStoppingCallback,
    PrinterCallback,
    ProgressCallback,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)
from transformers.trainer_pt_utils import LengthGroupedSampler

from ..annotations.schema import Article
from ..annotations.scoring import Scores
from ..inference.extractor import Extractor
from .alignment import IGNORED
from .base import HEAD, Base, layer_of
from .config import Recipe
from .evaluation import evaluate

CHECKPOINTS = "checkpoints"
"""Subfolder of a run's output that holds what resuming needs."""


class SpanTrainer(Trainer):
    """A Trainer whose evaluation is the extraction of spans, and whose new head learns faster than the encoder."""

    def __init__(self, base: Base, recipe: Recipe, data: Dataset, dev: Sequence[Article], extractor: Extractor) -> None:
        """Set up a run.

        Args:
            base: the model to fine-tune and its tokenizer.
            recipe: the run's configuration.
            data: training windows.
            dev: labelled articles that choose the best epoch.
            extractor: the inference code around the very model that is being trained.
        """
        callbacks: list[TrainerCallback] = [StopOnSignal(), EpochLine()]
        if recipe.patience:
            callbacks.append(EarlyStoppingCallback(early_stopping_patience=recipe.patience))
        self.recipe, self.base, self.dev, self.extractor = recipe, base, dev, extractor
        self.lengths = list(data["length"])
        super().__init__(
            model=base.model,
            args=training_arguments(recipe),
            train_dataset=data,
            eval_dataset=data,  # the Trainer wants one; evaluate() below reads the dev articles instead
            data_collator=DataCollatorForTokenClassification(base.tokenizer, label_pad_token_id=IGNORED),
            processing_class=base.tokenizer,
            compute_loss_func=tag_loss(
                tag_weights(recipe, data, extractor.tags), recipe.label_smoothing, recipe.focal_gamma
            ),
            callbacks=callbacks,
        )
        alone_on_cpu = self.args.device.type == "cpu" and self.args.world_size == 1
        exact = recipe.accumulation == 1 and not draws_dropout(base.model)
        self.workers = two_workers() if alone_on_cpu and exact else None
        # The library's callbacks write their log lines to stdout, which is for results.
        self.remove_callback(PrinterCallback)
        if self.pop_callback(ProgressCallback) is not None:
            self.add_callback(TrainingBar())

    def training_step(
        self, model: torch.nn.Module, inputs: dict[str, Any], num_items_in_batch: torch.Tensor | int | None = None
    ) -> torch.Tensor:
        """Add a batch's gradients; where it pays, those of its two halves at the same time."""
        step = super().training_step
        if self.workers is None or num_items_in_batch is None or len(inputs["input_ids"]) < 2:
            return step(model, inputs, num_items_in_batch)
        losses = self.workers.map(lambda half: step(model, half, num_items_in_batch), halves(inputs))
        return torch.stack(list(losses)).sum()

    def create_optimizer(self, model: torch.nn.Module | None = None) -> torch.optim.Optimizer:
        """Make AdamW with a rate for each depth and a faster one for a new head."""
        if self.optimizer is None:
            module = model or self.base.model
            decayed = set(self.get_decay_parameter_names(module))
            groups: dict[tuple[float, float], list[torch.nn.Parameter]] = {}
            for name, parameter in module.named_parameters():
                if parameter.requires_grad:
                    key = (self._rate(name), self.recipe.weight_decay if name in decayed else 0.0)
                    groups.setdefault(key, []).append(parameter)
            self.optimizer = torch.optim.AdamW(
                [{"params": group, "lr": rate, "weight_decay": decay} for (rate, decay), group in groups.items()],
                fused=True,  # one pass over the weights instead of one for each operation
            )
        return self.optimizer

    def _rate(self, name: str) -> float:
        """Return the peak learning rate of a parameter by its place in the model."""
        if name.startswith(HEAD):
            return self.recipe.learning_rate * (self.recipe.head_factor if self.base.head_is_new else 1.0)
        depth_from_top = self.base.model.config.num_hidden_layers - 1 - layer_of(name)
        return self.recipe.learning_rate * self.recipe.layer_decay**depth_from_top

    def _get_train_sampler(self, train_dataset: Any = None) -> torch.utils.data.Sampler:  # noqa: ANN401
        """Return batches of similar length in an order that seed and epoch alone decide, so that resuming is exact."""
        together = self.recipe.batch_size * self.recipe.accumulation * self.args.world_size
        return SeededLengthSampler(together, self.lengths, self.recipe.seed)

    def evaluate(self, *args: Any, metric_key_prefix: str = "eval", **kwargs: Any) -> dict[str, float]:  # noqa: ANN401
        """Extract the spans of the dev articles and return their F1 over exact characters, micro and by label."""
        metrics = self._dev_scores(metric_key_prefix) if self.is_world_process_zero() else {}
        (metrics,) = broadcast_object_list([metrics])  # all processes must choose the same epoch
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def _dev_scores(self, prefix: str) -> dict[str, float]:
        """Return F1 by the names that experiment trackers show."""
        scores = sum(evaluate(self.extractor, self.dev).scores(), Scores())
        by_label = {f"{prefix}_f1_{label}": score.f1 for label, score in sorted(scores.by_label.items())}
        return {f"{prefix}_f1": scores.micro.f1, **by_label}


def two_workers() -> Executor | None:
    """Return two threads that have half of the CPU's cores each, or None where there is one core.

    Two small matrix products on half the cores each are done sooner than two that all cores share. There are two of
    them whatever the number of cores, for the sum of two gradients does not depend on which of them is ready first;
    that of three, or of two on top of an earlier batch's, would.
    """
    cores = torch.get_num_threads()
    if cores < 2:
        return None
    workers = ThreadPoolExecutor(2, initializer=torch.set_num_threads, initargs=(cores // 2,))
    both = Barrier(2)
    wait([workers.submit(both.wait) for _ in range(2)])  # both have set their threads; now this one's again
    torch.set_num_threads(cores)
    return workers


def draws_dropout(model: torch.nn.Module) -> bool:
    """Tell whether a model draws random numbers in training, whose order two threads would not keep."""
    return any(isinstance(module, torch.nn.Dropout) and module.p > 0 for module in model.modules())


def halves(inputs: Mapping[str, torch.Tensor]) -> list[dict[str, torch.Tensor]]:
    """Cut tensors of shape (windows, …), two or more, into the first and the second half of the windows."""
    middle = len(inputs["input_ids"]) // 2
    return [{name: rows[part] for name, rows in inputs.items()} for part in (slice(middle), slice(middle, None))]


class SeededLengthSampler(LengthGroupedSampler):
    """Groups windows of similar length; the library's own draws from the global generator, which resuming shifts."""

    def __init__(self, batch_size: int, lengths: list[int], seed: int) -> None:
        """Group windows of the given lengths, in tokens."""
        super().__init__(batch_size, lengths=lengths)
        self.seed = seed
        self.set_epoch(0)

    def set_epoch(self, epoch: int) -> None:
        """Fix the order of an epoch; the Trainer calls this at its start."""
        self.generator = torch.Generator().manual_seed(self.seed + epoch)


def training_arguments(recipe: Recipe) -> TrainingArguments:
    """Translate a recipe into the Trainer's own arguments."""
    return TrainingArguments(
        output_dir=str(recipe.output / CHECKPOINTS),
        num_train_epochs=recipe.epochs,
        learning_rate=recipe.learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=recipe.warmup,
        max_grad_norm=recipe.max_grad_norm,
        per_device_train_batch_size=recipe.batch_size,
        gradient_accumulation_steps=recipe.accumulation,
        eval_strategy="epoch",
        save_strategy="epoch",
        save_total_limit=2,
        load_best_model_at_end=True,
        restore_callback_states_from_checkpoint=True,  # early stopping goes on counting where it was
        metric_for_best_model="eval_f1",
        greater_is_better=True,
        logging_steps=20,
        seed=recipe.seed,
        bf16=recipe.precision == "bfloat16",
        fp16=recipe.precision == "float16",
        use_cpu=not torch.accelerator.is_available(),  # else bf16 is taken for a GPU's
        report_to=recipe.report_to or "none",
        disable_tqdm=not sys.stderr.isatty(),
        dataloader_pin_memory=torch.cuda.is_available(),
    )


def tag_weights(recipe: Recipe, data: Dataset, tags: Sequence[str]) -> torch.Tensor | None:
    """Return the weight of each tag in the loss, shape (tags,), or None for equal weights.

    ``balanced`` is the inverse square root of a tag's frequency, scaled so that the mean over all tokens is 1; the
    plain inverse gives rare tags so much that they are found everywhere.
    """
    if recipe.class_weights == "none":
        return None
    if isinstance(recipe.class_weights, dict):
        return torch.tensor([recipe.class_weights.get(tags[i][2:] or tags[i], 1.0) for i in range(len(tags))])
    counts = Counter(tag for row in data["labels"] for tag in row if tag != IGNORED)
    raw = [1 / math.sqrt(max(counts[i], 1)) for i in range(len(tags))]
    mean = sum(raw[i] * counts[i] for i in range(len(tags))) / counts.total()
    return torch.tensor([weight / mean for weight in raw])


def tag_loss(weights: torch.Tensor | None, smoothing: float, gamma: float = 0.0) -> Callable[..., torch.Tensor]:
    """Return the cross-entropy over tags in the form the Trainer calls.

    Args:
        weights: of each tag, shape (tags,), or None for equal ones.
        smoothing: share of the target that is spread over all tags.
        gamma: each token's loss is multiplied by (1 - p)^gamma, p the probability of its true tag (focal loss, Lin et
            al. 2017), so that what is surely right counts little.
    """

    def loss(outputs: Any, labels: torch.Tensor, num_items_in_batch: torch.Tensor | int | None = None) -> torch.Tensor:  # noqa: ANN401
        logits = outputs["logits"].flatten(end_dim=-2).float()
        true = labels.flatten()
        each = torch.nn.functional.cross_entropy(
            logits,
            true,
            weight=None if weights is None else weights.to(logits.device),
            ignore_index=IGNORED,
            label_smoothing=smoothing,
            reduction="none",
        )
        if gamma:
            right = logits.softmax(dim=-1).gather(1, true.clamp(min=0).unsqueeze(1)).squeeze(1)
            each = each * (1 - right).clamp(min=1e-6) ** gamma  # below gamma 1 the slope at 0 is infinite
        return each.sum() / (num_items_in_batch if num_items_in_batch is not None else (labels != IGNORED).sum())

    return loss


class StopOnSignal(TrainerCallback):
    """On Ctrl-C or SIGTERM, finish the step, save a checkpoint and stop, so that resuming is exact to the step."""

    def __init__(self) -> None:
        """Start with no signal seen."""
        self.received: int | None = None

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:  # noqa: ANN401
        """Take the signals over; a second one works as usual."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.received = number
        signal.signal(number, signal.SIG_DFL)

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:  # noqa: ANN401
        """Ask for a save and a stop once a signal has come."""
        if self.received is not None:
            control.should_save = control.should_training_stop = True

    def on_epoch_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:  # noqa: ANN401
        """Keep the Trainer from taking a stop inside an epoch for its end, and evaluating there."""
        if self.received is not None and not float(state.epoch or 0).is_integer():
            control.should_save = control.should_evaluate = False


class TrainingBar(ProgressCallback):
    """The library's progress bar on stderr, without its log lines."""

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:  # noqa: ANN401
        """Write nothing; :class:`EpochLine` does."""


class EpochLine(TrainerCallback):
    """Writes one line on stderr for each evaluation."""

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        """Say the epoch and its dev F1."""
        if state.is_world_process_zero:
            f1 = kwargs["metrics"]["eval_f1"]
            sys.stderr.write(f"epoch {state.epoch or 0:.1f}: dev F1 {f1:.4f} (exact characters)\n")


def last_checkpoint(output: Path) -> Path | None:
    """Return the newest checkpoint of a run, or None."""
    whole = (output / CHECKPOINTS).glob("checkpoint-*/trainer_state.json")
    numbered = [path.parent for path in whole if path.parent.name.removeprefix("checkpoint-").isdigit()]
    return max(numbered, key=lambda folder: int(folder.name.removeprefix("checkpoint-")), default=None)
