"""Search for a policy without a teacher: augmented random search over all of a network's parameters.

After Mania, Guy, Recht: Simple random search of static linear policies is competitive for reinforcement learning
(NeurIPS 2018): directions are tried both ways, the best of them are kept, and the step is scaled by the spread of their
scores. Observations are normalised by the task already.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from assess.measure.tasks.task import TellShare

if TYPE_CHECKING:
    from torch import Tensor, nn

#: One network for each row of the inputs: what `network(*inputs)` puts out, row by row.
Many = Callable[..., Any]
#: Scores of as many policies as there are rows, all on the same terms, and how many actions that took.
Trial = Callable[[Many], tuple[Any, int]]

#: Directions in a round, and how many of them are followed.
DIRECTIONS: Final = 16
_FOLLOWED: Final = 8
#: Of a direction, in the parameters' own unit (as drawn they are about 0.2), and of the step that is taken.
_REACH: Final = 0.1
_STEP: Final = 0.1


def search(network: nn.Module, trial: Trial, actions: int, seed: int, tell: TellShare) -> None:
    """Change a network in place until so many actions were tried; it ends as the mean of the search, not its best."""
    import torch

    draw = torch.Generator().manual_seed(seed)
    mean = {name: value.detach().clone() for name, value in network.named_parameters()}
    taken = 0
    while taken < actions:
        ways = {name: torch.randn((DIRECTIONS, *value.shape), generator=draw) for name, value in mean.items()}
        both = {name: torch.cat([mean[name] + _REACH * way, mean[name] - _REACH * way]) for name, way in ways.items()}
        scores, used = trial(_many(network, both))
        taken += used
        _follow(mean, ways, np.asarray(scores, dtype=np.float64).reshape(2, DIRECTIONS))
        tell(min(1.0, taken / actions))
    network.load_state_dict(mean, strict=False)


def _many(network: nn.Module, stacked: dict[str, Tensor]) -> Many:
    import torch
    from torch.func import functional_call, vmap

    def one(parameters: dict[str, Tensor], *row: Tensor) -> Any:
        return functional_call(network, parameters, tuple(value[None] for value in row))

    def rows(*inputs: Tensor) -> Any:
        with torch.no_grad():
            return vmap(one)(stacked, *inputs)

    return rows


def _follow(mean: dict[str, Tensor], ways: dict[str, Tensor], scores: Any) -> None:
    """One step along the directions that led furthest, either way."""
    import torch

    best = np.argsort(-scores.max(0), kind="stable")[:_FOLLOWED]
    spread = float(scores[:, best].std()) + 1e-6
    gain = torch.as_tensor((scores[0] - scores[1])[best] / (_FOLLOWED * spread), dtype=torch.float32)
    for name, way in ways.items():
        mean[name] += _STEP * torch.tensordot(gain, way[best], 1)
