"""How the attention of a tiny network starts out: it looks one token back, finds a word elsewhere, and copies.

What comes after a word that was named is found by two heads together: one adds to every token the one before it,
another attends to where the one before is the word at hand, and copies what stands there ("induction heads", Olsson et
al. 2022, arXiv 2209.11895). A network this small needs most of a training before they appear, and without them it says
any value for any name. So they are built; the rest stays random, and everything is trained. That heads should start
out copying is the "mimetic" start of Trockman and Kolter, 2023 (arXiv 2305.09828), with the other sign.
"""

from __future__ import annotations

from typing import Any, NamedTuple

FAST = 4
"""Pairs of dimensions that turn fastest with the distance: they tell neighbours apart."""
EMBEDDING, CONSTANT = 3.0, 0.5
"""Embeddings are so much longer than usual, and have a part that is the same in all, for heads that only count."""
BACK, COPY, REST = 2.0, 2.0, 0.3
"""How loudly heads write: those that look back, those that copy what follows, and all others."""
SHARP, COUNTING = 1.5, 2.0
"""How sharply words are matched, and places counted."""
SPREAD = 0.32
"""Length of the axes along which words are kept."""


class Axes(NamedTuple):
    """Three times `head` axes at right angles, (head, hidden) each: what is kept of which word."""

    own: Any
    before: Any
    """One back."""
    second: Any
    """Two back."""


def wire(network: Any, head: int) -> None:
    """Builds these heads into a new Qwen3-VL with `head` dimensions a head, in place; without chance but torch's own.

    A network with fewer than four heads has no room for them: its heads only start out copying.
    """
    import torch  # noqa: PLC0415

    model = network.model.language_model
    first, *others = model.layers
    config = network.config.text_config
    with torch.no_grad():
        if config.num_attention_heads < 4:
            for layer in model.layers:
                _copy_all(layer.self_attn, head)
            return
        table = model.embed_tokens.weight
        table *= EMBEDDING
        table[:, 0] = CONSTANT * table.norm(dim=1).mean()
        axes = _axes(table.shape[1], head)
        theta = config.rope_parameters["rope_theta"]
        _look_back(first.self_attn, axes, head, theta)
        for number, layer in enumerate(others, start=1):
            _match(layer.self_attn, axes, head, is_backward=number == len(others) // 2)
        for layer in model.layers:
            layer.mlp.down_proj.weight *= REST


def _copy_all(attention: Any, head: int) -> None:
    """Output weights are the transposed value weights: what a head attends to is added as it is."""
    values = attention.v_proj.weight.unflatten(0, (-1, head))
    outputs = attention.o_proj.weight.unflatten(1, (-1, head))
    for index in range(outputs.shape[1]):
        outputs[:, index] = values[index * len(values) // outputs.shape[1]].T


def _axes(hidden: int, head: int) -> Axes:
    import torch  # noqa: PLC0415

    axes = torch.linalg.qr(torch.randn(hidden - 1, 3 * head))[0].T * SPREAD
    # The constant part of embeddings is none of them.
    return Axes(*torch.cat([torch.zeros(3 * head, 1), axes], dim=1).unflatten(0, (3, head)))


def _look_back(attention: Any, axes: Axes, head: int, theta: float) -> None:
    """Heads 0 and 1 add the token before and the one before that, along axes of their own."""
    import torch  # noqa: PLC0415

    queries, keys, values, outputs = _heads(attention, head)
    turns = theta ** -(torch.arange(FAST) / (head // 2))
    half = head // 2
    keys[0] = 0
    keys[0][:FAST, 0] = 1
    values[0] = axes.own
    _copy_all(attention, head)
    for index, (steps, to) in enumerate(((1, axes.before), (2, axes.second))):
        queries[index] = 0
        queries[index][:FAST, 0] = torch.cos(turns * steps)
        queries[index][half : half + FAST, 0] = -torch.sin(turns * steps)
        outputs[:, index] = BACK * to.T
    outputs[:, 2:] *= REST
    for start in (0, half):
        attention.q_norm.weight[start : start + FAST] *= COUNTING


def _match(attention: Any, axes: Axes, head: int, *, is_backward: bool) -> None:
    """Head 0 attends to what follows the same word elsewhere, head 2 to the same word; both copy.

    `is_backward`: head 2 copies what stood before that word. Only the dimensions that hardly turn with the distance
    are compared.
    """
    import torch  # noqa: PLC0415

    queries, keys, values, outputs = _heads(attention, head)
    half = head // 2
    slow = [*range(half // 2, half), *range(half + half // 2, head)]
    kept = torch.cat([axes.before, axes.second]) / SPREAD
    values -= (values @ kept.T) @ kept
    for index in (0, 2):
        queries[index] = 0
        queries[index][slow] = axes.own[: len(slow)]
    for index, of in enumerate((axes.before, axes.own)):
        keys[index] = 0
        keys[index][slow] = of[: len(slow)]
    if is_backward:
        values[1] = axes.before
    _copy_all(attention, head)
    outputs[:, 0] *= COPY
    outputs[:, 1:] *= REST
    if is_backward:
        outputs[:, 2] = axes.own.T
        outputs[:, 3] = REST * axes.own.T
    attention.q_norm.weight *= SHARP


def _heads(attention: Any, head: int) -> tuple[Any, Any, Any, Any]:
    """Views: weights of queries, keys and values by head (n, head, hidden), and of outputs (hidden, n, head)."""
    inward = (
        p.weight.unflatten(0, (-1, head))
        for p in (attention.q_proj, attention.k_proj, attention.v_proj)
    )
    return (*inward, attention.o_proj.weight.unflatten(1, (-1, head)))
