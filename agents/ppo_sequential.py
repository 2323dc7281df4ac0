"""Proximal policy optimisation one knob at a time, invalid values masked, as sb3-contrib implements it."""

from __future__ import annotations

from dataclasses import dataclass

from archgym.agents._sb3 import RankReward, Sb3Agent, sequential
from archgym.config import Choice, Config, LogIntegers, LogUniform, Uniform, hp, switch
from archgym.errors import need
from archgym.evaluator import Evaluator

try:
    from sb3_contrib import MaskablePPO
except ImportError:
    raise need("sb3-contrib", "rl") from None


@dataclass(frozen=True)
class PpoSequentialConfig(Config):
    """Hyperparameters of PPO one knob at a time."""

    designs: int = hp(16, LogIntegers(8, 64), "designs (episodes) per rollout", (2, 4096))
    epochs: int = hp(10, LogIntegers(2, 30), "passes over a rollout", (1, 1000))
    learning_rate: float = hp(0.01, LogUniform(1e-3, 0.1), "step of the optimiser Adam", (1e-6, 10.0))
    entropy: float = hp(0.01, LogUniform(1e-3, 0.1), "weight of the entropy bonus, which keeps exploring", (0.0, 10.0))
    clip: float = hp(0.2, Uniform(0.1, 0.4), "largest change of an action's probability ratio per rollout", (0.01, 10.0))
    gae_lambda: float = hp(
        1.0, Uniform(0.8, 1.0), "1: a knob is credited with the design's reward; less: with the critic's", (0.0, 1.0)
    )
    width: int = hp(64, LogIntegers(16, 128), "units of each of the two hidden layers", (1, 4096))
    power: float = hp(4.0, LogUniform(1.0, 8.0), "reward is 2 (rank quantile) ** power - 1", (0.1, 100.0))
    novelty: bool = hp(True, Choice((True, False)), "a design evaluated before earns the least reward, -1")
    masks: bool = switch(True, (True, False), "never take a value that the model masks; else any value the knob has")


class PpoSequential(Sb3Agent):
    """A policy that sets knob after knob, seeing those already set; unless ``masks`` is off, it never takes a masked value."""

    name = "ppo_sequential"
    paper = "Huang and Ontañón, A Closer Look at Invalid Action Masking in Policy Gradient Algorithms, FLAIRS 35, 2022"
    config_class = PpoSequentialConfig
    config: PpoSequentialConfig

    def _learner(self, evaluator: Evaluator) -> MaskablePPO:
        c = self.config
        return MaskablePPO(
            "MlpPolicy",
            sequential(evaluator, c.designs, RankReward(c.power, c.novelty), masks=c.masks),
            learning_rate=c.learning_rate,
            n_steps=len(self.space),
            batch_size=c.designs * len(self.space),
            n_epochs=c.epochs,
            gamma=1.0,
            gae_lambda=c.gae_lambda,
            clip_range=c.clip,
            ent_coef=c.entropy,
            max_grad_norm=1e6,  # off: rewards are bounded, and no bound from 0.5 up measured better
            policy_kwargs={"net_arch": [c.width, c.width]},
            device="cpu",
        )
