"""What a GRPO run works with: network and frozen start, optimiser, judges, questions; and talk between processes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import torch

from sage.config import ConfigError
from sage.judge import exact
from sage.models.base import Model
from sage.models.catalog import open_model
from sage.models.qwen import Renderer
from sage.rewards.asking import answer_judge, tool_judge
from sage.rewards.reasonable import ToolJudge
from sage.rewards.reward import Judge
from sage.train.grpo_settings import Films, GrpoSettings
from sage.train.network import load
from sage.train.policy import Policy
from sage.train.profiles import keep_profile
from sage.train.questions import FileQuestions, MiniQuestions, Questions
from sage.train.rows import RowBuilder, make_renderer
from sage.train.served import Served, model_name
from sage.train.update import Learner
from sage.types import Setup

if TYPE_CHECKING:
    from accelerate import Accelerator

T = TypeVar("T")
WHOLE = ("NO", "MULTI_CPU", "MULTI_GPU")
"""Ways of distribution in which each process holds all weights, so that it can sample from them as they are."""


class Bench(NamedTuple):
    """All that a step needs; nothing in it changes but the learner's weights."""

    settings: GrpoSettings
    learner: Learner
    policy: Policy | Served
    """Samples from the learner's weights."""
    tool_model: Model
    judge: Judge
    tool_judge: ToolJudge | None
    """`None`: each question brings its own rule."""
    builder: RowBuilder
    questions: Questions
    others: Questions
    """Kept for evaluation."""


def open_bench(settings: GrpoSettings) -> Bench:
    """Loads the checkpoint to start from, twice if the reference is needed. ConfigError for settings at odds."""
    from accelerate import Accelerator  # noqa: PLC0415
    from accelerate.utils import DistributedDataParallelKwargs  # noqa: PLC0415

    check(settings)
    if settings.threads:
        torch.set_num_threads(settings.threads)
    # Rows without pictures leave a tower that learns without gradients.
    unused = DistributedDataParallelKwargs(find_unused_parameters=not settings.freeze_vision)
    accelerator = Accelerator(mixed_precision=_precision(settings), kwargs_handlers=[unused])
    check_processes(settings, accelerator)
    network, processor, family = load(settings.model, device=accelerator.device.type)
    reference = None
    if settings.kl > 0 or settings.tool_model == "start":
        dtype = torch.bfloat16 if accelerator.mixed_precision == "bf16" else torch.float32
        frozen = (
            load(settings.model, dtype, device=accelerator.device.type)[0]
            .eval()
            .requires_grad_(False)
        )
        reference = frozen.to(accelerator.device)
    renderer = make_renderer(processor, family)
    learner = _learner(settings, accelerator, network, renderer, reference)
    policy = _policy(settings, learner, renderer)
    tokenizer = processor.tokenizer
    answers, calls = _judges(settings)
    return Bench(
        settings,
        learner,
        policy,
        _tool_model(settings, policy, reference),
        answers,
        calls,
        RowBuilder(renderer, end_id=tokenizer.eos_token_id, max_tokens=settings.max_tokens),
        open_questions(settings, settings.films),
        open_questions(settings, settings.eval_films),
    )


def check(settings: GrpoSettings) -> None:
    """ConfigError for settings that do not fit together."""
    if settings.films.folder and settings.tool_judge == "rule" and settings.reward.reasonable:
        raise ConfigError(
            "tool_judge=rule knows the miniature world only; name a model, or set reward.reasonable=0"
        )


def check_processes(settings: GrpoSettings, accelerator: Accelerator) -> None:
    """ConfigError for a way of distribution that cannot be sampled in."""
    kind = accelerator.distributed_type.value
    if kind not in WHOLE and not accelerator.is_fsdp2:
        raise ConfigError(
            f"grpo runs in one process, with MULTI_CPU, MULTI_GPU, or FSDP version 2; accelerate is set to {kind}"
        )
    if settings.questions % accelerator.num_processes:
        raise ConfigError(
            f"questions={settings.questions} cannot be shared by {accelerator.num_processes} processes"
        )


def refresh(bench: Bench) -> None:
    """Brings the sampler up to what was learned, where it is a copy or on servers; all processes have to call this."""
    accelerator = bench.learner.accelerator
    if accelerator.distributed_type.value not in WHOLE:
        copy_weights(bench.learner.network, bench.policy.network)
    if isinstance(bench.policy, Served):
        if accelerator.is_main_process:
            bench.policy.sync()
        accelerator.wait_for_everyone()


def copy_weights(split: Any, whole: Any) -> None:
    """Copies the weights of a network that is split over processes into one that is not; all have to call this."""
    from torch.distributed.tensor import DTensor  # noqa: PLC0415

    targets = dict(whole.named_parameters())
    with torch.no_grad():
        for name, weight in split.named_parameters():
            # One at a time: together they would need the memory of another copy.
            targets[name].copy_(weight.full_tensor() if isinstance(weight, DTensor) else weight)


def open_questions(settings: GrpoSettings, films: Films) -> Questions:
    """The questions to play; what has to be kept of their films goes into the run's folder."""
    root = Path(settings.out) / "world"
    if films.folder:
        return FileQuestions(Path(films.folder), root, Setup())
    return MiniQuestions(films.split, films.n, root, films.seed)


def export(bench: Bench, folder: Path) -> Path:
    """Writes the trained model as a normal folder."""
    accelerator = bench.learner.accelerator
    refresh(bench)
    if accelerator.is_main_process:
        bench.policy.network.save_pretrained(folder)
        bench.policy.renderer.processor.save_pretrained(folder)
        keep_profile(folder, bench.settings.model, is_mini=not bench.settings.films.folder)
    accelerator.wait_for_everyone()
    return folder


def share(values: Sequence[T], learner: Learner) -> list[T]:
    """This process' part, in order."""
    return list(values[learner.accelerator.process_index :: learner.accelerator.num_processes])


def gather(values: list[T], learner: Learner) -> list[T]:
    """Everybody's values, by process."""
    from accelerate.utils import gather_object  # noqa: PLC0415

    if learner.accelerator.num_processes == 1:
        return values
    found: list[T] = gather_object(values)
    return found


def is_any(flag: bool, learner: Learner) -> bool:
    """Whether it holds in any process; all have to ask."""
    return any(gather([flag], learner))


def _learner(
    settings: GrpoSettings, accelerator: Accelerator, network: Any, renderer: Any, reference: Any
) -> Learner:
    network.train()
    if settings.freeze_vision:
        network.model.visual.requires_grad_(False)
    if settings.gradient_checkpointing:
        network.gradient_checkpointing_enable({"use_reentrant": False})
    learned = [weight for weight in network.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(learned, lr=settings.rate, betas=(0.9, 0.98), weight_decay=0.0)
    wrapped, optimizer = accelerator.prepare(network, optimizer)
    return Learner(
        accelerator, wrapped, optimizer, reference if settings.kl > 0 else None, renderer
    )


def _policy(settings: GrpoSettings, learner: Learner, renderer: Renderer) -> Policy | Served:
    network = _sampler(settings, learner)
    if not settings.servers:
        return Policy(network, renderer, batch=settings.sample_batch)
    return Served(
        network,
        renderer,
        settings.servers,
        model=model_name(settings.servers[0]),
        folder=Path(settings.out) / "served",
    )


def _sampler(settings: GrpoSettings, learner: Learner) -> Any:
    """The network to sample from: the learner's own, or a copy of it where that is split."""
    accelerator = learner.accelerator
    if accelerator.distributed_type.value in WHOLE:
        return accelerator.unwrap_model(learner.network)
    dtype = torch.bfloat16 if accelerator.mixed_precision == "bf16" else torch.float32
    return (
        load(settings.model, dtype, device=accelerator.device.type)[0]
        .requires_grad_(False)
        .to(accelerator.device)
    )


def _judges(settings: GrpoSettings) -> tuple[Judge, ToolJudge | None]:
    opened: dict[str, Model] = {}

    def model(spec: str) -> Model:
        opened[spec] = opened.get(spec) or open_model(spec)
        return opened[spec]

    answers = exact if settings.judge == "exact" else answer_judge(model(settings.judge))
    is_rule = settings.tool_judge == "rule"
    return answers, None if is_rule else tool_judge(model(settings.tool_judge))


def _tool_model(settings: GrpoSettings, policy: Policy | Served, reference: Any) -> Model:
    if settings.tool_model == "policy":
        return policy
    if settings.tool_model == "start":
        return Policy(reference, policy.renderer, name="start", batch=settings.sample_batch)
    return open_model(settings.tool_model)


def _precision(settings: GrpoSettings) -> str:
    if settings.precision == "auto":
        return "bf16" if torch.cuda.is_available() else "no"
    return "bf16" if settings.precision == "bfloat16" else "no"
