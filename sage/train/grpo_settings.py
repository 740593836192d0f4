"""Settings of a GRPO run. Defaults are those of the paper (section 4) where it names any."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from sage.mini.world import Split
from sage.rewards.reward import Weights
from sage.types import Limits, Value


class Films(Value):
    """Where questions come from."""

    folder: str = ""
    """Real films with their `examples.jsonl`; empty: the miniature world, never encoded."""
    split: Split = "train"
    n: int = Field(default=400, ge=1)
    """Films of the miniature world, three questions each."""
    seed: int = 0


class GrpoSettings(Value):
    """Everything a run depends on."""

    model: str
    """Folder or repository of the checkpoint to start from; it is the reference, too."""
    parameters: float = Field(default=0.0, ge=0)
    """Of the model, for the estimate of a dry run while it is not here."""
    expected_turns: float = Field(default=2.5, ge=1)
    expected_tokens: float = Field(default=6000.0, ge=1)
    """Of a row; these three are for that estimate, too."""
    expected_action: float = Field(default=250.0, ge=1)
    """Tokens of a reply."""
    out: str
    """Folder of the run: settings, metrics.jsonl, traces, checkpoints, and at the end the model."""
    films: Films = Films()
    setup: dict[str, Any] = Field(default_factory=dict)
    """Laid over the settings of the agent's runs."""
    steps: int = Field(default=480, ge=1)
    max_steps: int = Field(default=0, ge=0)
    """Ends the run after so many steps, the schedule unchanged; for trials. 0: no such limit."""
    questions: int = Field(default=16, ge=1)
    """A step, over all processes."""
    group: int = Field(default=8, ge=2)
    """Episodes a question."""
    rate: float = Field(default=1e-6, gt=0)
    """Highest learning rate."""
    rise: float = Field(default=0.1, ge=0, le=1)
    """Share of the steps in which the rate rises; then it falls as a cosine to 0."""
    max_norm: float = Field(default=1.0, gt=0)
    """Of the gradient."""
    passes: int = Field(default=1, ge=1)
    """Optimiser steps a rollout."""
    clip_low: float = 0.2
    clip_high: float = 0.2
    kl: float = Field(default=0.005, ge=0)
    """Weight of the penalty for leaving the start; 0: no reference is kept in memory."""
    divide: bool = True
    """Advantages are divided by the standard deviation of their group."""
    temperature: float = Field(default=0.7, gt=0)
    turns_at_first: int = Field(default=6, ge=1)
    """N_max during the first steps."""
    first_steps: int = Field(default=100, ge=0)
    turns: int = Field(default=11, ge=1)
    """N_max from then on."""
    max_tokens: int = Field(default=34816, ge=64)
    """Of a prompt and its action together; longer rows are dropped and counted."""
    micro_tokens: int = Field(default=34816, ge=64)
    """Padded tokens of one forward pass; a longer row goes alone."""
    sample_batch: int = Field(default=32, ge=1)
    """Prompts that are sampled together."""
    servers: tuple[str, ...] = ()
    """Addresses of vLLM servers that sample instead of this process, such as http://10.0.0.2:8000/v1."""
    freeze_vision: bool = True
    """Tower and projector are left as they are."""
    gradient_checkpointing: bool = False
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Of activations; auto: bfloat16 on a GPU. Weights and their optimiser are kept in float32."""
    reward: Weights = Weights()
    """What each part of the reward counts."""
    judge: str = "exact"
    """exact, or the spec of a model that compares answers."""
    tool_judge: str = "rule"
    """rule (miniature world only), or the spec of a model."""
    tool_model: str = "policy"
    """Behind ground and analyze: policy (what is being trained), start (as it was), or a spec."""
    threads: int = Field(default=0, ge=0)
    """Of a CPU; 0: as many as there are."""
    seed: int = 0
    save_every: int = Field(default=20, ge=1)
    keep: int = Field(default=2, ge=1)
    """Checkpoints that are kept."""
    eval_every: int = Field(default=0, ge=0)
    """Steps between greedy evaluations on other questions, the first before any step; 0: never."""
    eval_films: Films = Films(split="val", n=40)

    @property
    def last_step(self) -> int:
        """How many steps are taken."""
        return min(self.steps, self.max_steps or self.steps)

    def limits(self, step: int) -> Limits:
        """N_max at a step, counted from 0."""
        return Limits(turns=self.turns_at_first if step < self.first_steps else self.turns)
