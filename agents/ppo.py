"""Proximal policy optimisation on whole designs, as Stable-Baselines3 implements it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from archgym.agents._sb3 import OneShotVecEnv, RankReward, Sb3Agent
from archgym.config import Choice, Config, Integers, LogIntegers, LogUniform, Uniform, hp
from archgym.evaluator import Evaluator

if TYPE_CHECKING:
    from stable_baselines3 import PPO


@dataclass(frozen=True)
class PpoConfig(Config):
    """Hyperparameters of PPO on whole designs."""

    designs: int = hp(16, LogIntegers(8, 64), "designs per rollout, evaluated as one batch", (2, 4096))
    epochs: int = hp(10, LogIntegers(2, 30), "passes over a rollout", (1, 1000))
    learning_rate: float = hp(0.01, LogUniform(1e-3, 0.1), "step of the optimiser Adam", (1e-6, 10.0))
    entropy: float = hp(0.01, LogUniform(1e-3, 0.1), "weight of the entropy bonus, which keeps exploring", (0.0, 10.0))
    clip: float = hp(0.3, Uniform(0.1, 0.4), "largest change of an action's probability ratio per rollout", (0.01, 10.0))
    width: int = hp(64, Integers(0, 128), "units of the one hidden layer; 0: one free logit per value", (0, 4096))
    power: float = hp(4.0, LogUniform(1.0, 8.0), "reward is 2 (rank quantile) ** power - 1", (0.1, 100.0))
    novelty: bool = hp(True, Choice((True, False)), "a design evaluated before earns the least reward, -1")


class Ppo(Sb3Agent):
    """A policy that draws all knobs at once, independently; one step of an episode is one design.

    The observation is constant, so this is PPO on a bandit with D-dimensional actions: the network only turns one bias
    into logits, and the critic is a running mean of the rewards.
    """

    name = "ppo"
    paper = "Schulman, Wolski, Dhariwal, Radford and Klimov, Proximal Policy Optimization Algorithms, arXiv:1707.06347, 2017"
    config_class = PpoConfig
    config: PpoConfig

    def _learner(self, evaluator: Evaluator) -> PPO:
        from stable_baselines3 import PPO

        c = self.config
        return PPO(
            "MlpPolicy",
            OneShotVecEnv(evaluator, c.designs, RankReward(c.power, c.novelty)),
            learning_rate=c.learning_rate,
            n_steps=1,
            batch_size=c.designs,
            n_epochs=c.epochs,
            gamma=1.0,
            gae_lambda=1.0,
            clip_range=c.clip,
            ent_coef=c.entropy,
            max_grad_norm=1e6,  # off: rewards are bounded, and no bound from 0.5 up measured better
            policy_kwargs={"net_arch": [c.width] if c.width else []},
            device="cpu",
        )
