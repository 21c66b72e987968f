"""Students that go on with lines of game characters: small decoders with a cache, taught by a larger one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, Final

import torch
from torch import nn
from torch.nn import functional

from assess.distill.recipe import Lesson, Recipe, Size
from assess.measure.tasks.npc_lines import LENGTH, VOCABULARY, lines
from assess.measure.tasks.task import Arrays, TellShare

#: Below 20,000, where the evaluation's begin. The teacher has read many lines, the students read fewer.
_TEACHER_SEED, _TEACHER_LINES = 1, 20_000
_SEED, _LINES = 2, 2000
_BATCH: Final = 64
_TEACHER_STEPS, _STEPS = 900, 700
#: Of the learning, at its highest.
_RATE: Final = 4e-3
_LAYERS: Final = 2
#: What keys that come after their query are pushed down by.
_NEVER: Final = 1e4


class Attention(nn.Module):
    """Attention to what came before, the nearer the more; distance is all that is known of places.

    As in Press, Smith, Lewis: Train Short, Test Long: Attention with Linear Biases (ALiBi, 2022), but with slopes that
    are learnt: a context longer than any line costs no table, and the distance follows from the cache's own shape.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads, self.size = heads, width // heads
        self.query, self.key, self.value, self.out = (nn.Linear(width, width, bias=False) for _ in range(4))
        self.slope = nn.Parameter(torch.tensor([4.0**-head for head in range(heads)]).reshape(heads, 1, 1))

    def forward(self, x: torch.Tensor, past: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        """What is added to x [batch, steps, width], and the keys and values [batch, heads, past + steps, size]."""
        query, key, value = (self._parted(each(x)) for each in (self.query, self.key, self.value))
        if past:
            key, value = torch.cat([past[0], key], 2), torch.cat([past[1], value], 2)
        at = torch.arange(key.shape[2])
        apart = (at[key.shape[2] - x.shape[1] :, None] - at[None, :]).float()
        bias = -self.slope * torch.relu(apart) - _NEVER * torch.relu(-apart)
        weights = torch.softmax(query @ key.transpose(2, 3) / math.sqrt(self.size) + bias, -1)
        return self.out(torch.cat((weights @ value).unbind(1), 2)), key, value

    def _parted(self, x: torch.Tensor) -> torch.Tensor:
        return torch.stack(x.chunk(self.heads, 2), 1)  # No reshape, whose sizes would have to be computed.


class Decoder(nn.Module):
    """A decoder of two layers; `cached` says whether keys and values go out and come in again."""

    def __init__(self, width: int, heads: int, *, cached: bool) -> None:
        super().__init__()
        self.width, self.heads, self.cached = width, heads, cached
        self.words = nn.Embedding(len(VOCABULARY), width)
        nn.init.normal_(self.words.weight, std=width**-0.5)
        self.attentions = nn.ModuleList(Attention(width, heads) for _ in range(_LAYERS))
        self.mixers = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.ReLU(), nn.Linear(2 * width, width))
            for _ in range(_LAYERS)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(_LAYERS))
        self.last = nn.LayerNorm(width)
        self.bias = nn.Parameter(torch.zeros(len(VOCABULARY)))

    def forward(self, tokens: torch.Tensor, *past: torch.Tensor) -> Any:
        """Logits [batch, steps, vocabulary] and, with a cache, keys and values of each layer."""
        x = self.words(tokens) * math.sqrt(self.width)
        present: list[torch.Tensor] = []
        for layer, (norm, attend, mix) in enumerate(zip(self.norms, self.attentions, self.mixers, strict=True)):
            added, key, value = attend(norm(x), past[2 * layer : 2 * layer + 2])
            x = x + added
            x = x + mix(x)
            present += [key, value]
        logits = self.last(x) @ self.words.weight.T + self.bias
        return (logits, *present) if self.cached else logits


def student(width: float) -> nn.Module:
    """Two layers of 48 at full width, 46 k parameters."""
    return Decoder(round(48 * width), 2, cached=True)


def teacher() -> nn.Module:
    """Two layers of 112, five times as many parameters; it is asked whole lines only, and needs no cache."""
    return Decoder(112, 4, cached=False)


def teach(network: nn.Module, seed: int, tell: TellShare) -> None:
    """Train the teacher on many lines."""
    _train(network, _drawn(_TEACHER_SEED, _TEACHER_LINES), _hard, seed, _TEACHER_STEPS, tell)


def learn(lesson: Lesson) -> None:
    """Train a student on the same lines: from the words that come next or, taught, from what the teacher expects."""
    read = _drawn(_SEED, _LINES)
    if lesson.teacher is None or not lesson.taught:
        _train(lesson.student, read, _hard, lesson.seed, _STEPS, lesson.tell)
        return
    with torch.no_grad():
        told = torch.cat([functional.softmax(lesson.teacher(part), -1) for part in read.split(200)])

    def soft(logits: torch.Tensor, batch: torch.Tensor, at: torch.Tensor) -> torch.Tensor:
        expected = -(told[at, :-1] * functional.log_softmax(logits, -1)).sum(-1)
        return _mean(expected, batch)

    _train(lesson.student, read, soft, lesson.seed, _STEPS, lesson.tell)


Loss = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]


def _hard(logits: torch.Tensor, batch: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
    return _mean(functional.cross_entropy(logits.transpose(1, 2), batch[:, 1:], reduction="none"), batch)


def _mean(losses: torch.Tensor, batch: torch.Tensor) -> torch.Tensor:
    """Over what the evaluation asks for: all next words, and the first end of each line."""
    asked = (batch[:, :-1] != 0).float()
    return (losses * asked).sum() / asked.sum()


def _train(network: nn.Module, read: torch.Tensor, loss: Loss, seed: int, steps: int, tell: TellShare) -> None:
    """Adam with a rate that rises and falls."""
    network.train()
    draw = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=_RATE, total_steps=steps)
    for step in range(steps):
        at = torch.randint(len(read), (_BATCH,), generator=draw)
        optimiser.zero_grad()
        answer = network(read[at, :-1])
        logits = answer[0] if isinstance(answer, tuple) else answer
        loss(logits, read[at], at).backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        if step % 20 == 0:
            tell(step / steps)
    network.eval()


@cache
def _drawn(seed: int, count: int) -> torch.Tensor:
    return torch.from_numpy(lines(seed, count))


def _calibration(seed: int) -> Iterator[Arrays]:
    """Whole lines, each from an empty cache."""
    return ({"input_ids": one[None]} for one in lines(1000 + seed, 200))


#: Of each layer: what is fed back.
_CACHES: Final = [
    (f"present_{what}_{layer}", f"past_{what}_{layer}") for layer in range(_LAYERS) for what in ("key", "value")
]


def _inputs(network: nn.Module) -> Mapping[str, tuple[int, ...]]:
    assert isinstance(network, Decoder)
    past = (1, network.heads, LENGTH, network.width // network.heads)
    return {"input_ids": (1, LENGTH)} | ({name: past for _, name in _CACHES} if network.cached else {})


RECIPE = Recipe(
    task="npc-lines",
    sizes=(Size("full", 1.0), Size("half", 0.5), Size("quarter", 0.25)),
    seeds=(0, 1, 2),
    student=student,
    learn=learn,
    teacher=teacher,
    teach=teach,
    inputs=_inputs,
    integers=("input_ids",),
    outputs=("logits", *(name for name, _ in _CACHES)),
    states=dict(_CACHES),
    dynamic={
        **{name: {1: "tokens"} for name in ("input_ids", "logits")},
        **{past: {2: "past"} for _, past in _CACHES},
        **{present: {2: "total"} for present, _ in _CACHES},
    },
    calibration=_calibration,
    quantised=("MatMul", "Gemm"),
)
