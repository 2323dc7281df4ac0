"""Deep Q-learning one knob at a time, as Stable-Baselines3 implements it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from archgym.agents._sb3 import SEEDS, RankReward, Sb3Agent, sequential
from archgym.config import Choice, Config, LogIntegers, LogUniform, Uniform, hp, switch
from archgym.evaluator import Evaluator

if TYPE_CHECKING:
    from stable_baselines3 import DQN


@dataclass(frozen=True)
class DqnConfig(Config):
    """Hyperparameters of deep Q-learning one knob at a time."""

    startup: int = hp(32, LogIntegers(8, 64), "random designs before the first update", (1, 65536))
    updates: int = hp(16, LogIntegers(2, 32), "gradient steps after each design", (1, 1000))
    transitions: int = hp(128, LogIntegers(32, 256), "transitions per gradient step", (2, 65536))
    learning_rate: float = hp(3e-3, LogUniform(3e-4, 0.03), "step of the optimiser Adam", (1e-6, 10.0))
    exploration: float = hp(0.25, Uniform(0.1, 0.9), "share of the budget over which random knobs become few", (0.0, 1.0))
    final: float = hp(0.1, Uniform(0.02, 0.3), "share of knobs set at random from then on", (0.0, 1.0))
    sync: int = hp(4, LogIntegers(1, 32), "designs between copies of the network into the target network", (1, 65536))
    monte_carlo: bool = hp(True, Choice((True, False)), "credit a knob with the design's reward, not the next knob's value")
    width: int = hp(64, LogIntegers(16, 128), "units of each of the two hidden layers", (1, 4096))
    power: float = hp(4.0, LogUniform(1.0, 8.0), "reward is 2 (rank quantile) ** power - 1", (0.1, 100.0))
    masks: bool = switch(True, (True, False), "fold a value that the model masks into the open ones; else all are open")


class Dqn(Sb3Agent):
    """A value for every next knob setting; take the best, or now and then a random one.

    It learns nothing of masks: a masked value is folded into the open ones. One design at a time: Stable-Baselines3 draws its
    exploration once for all environments side by side, which would set many designs alike.
    """

    name = "dqn"
    paper = "Mnih et al., Human-level control through deep reinforcement learning, Nature 518, 2015"
    config_class = DqnConfig
    config: DqnConfig

    def _learner(self, evaluator: Evaluator) -> DQN:
        from stable_baselines3 import DQN

        c, knobs = self.config, len(self.space)
        env = sequential(evaluator, 1, RankReward(c.power, novelty=False), clip=True, masks=c.masks)
        env.action_space.seed(int(self.rng.integers(SEEDS)))  # exploration draws from it
        return DQN(
            "MlpPolicy",
            env,
            learning_rate=c.learning_rate,
            buffer_size=min(evaluator.budget or 4096, 4096) * knobs,
            learning_starts=c.startup * knobs,
            batch_size=c.transitions,
            gamma=1.0,
            train_freq=knobs,
            gradient_steps=c.updates,
            n_steps=knobs if c.monte_carlo else 1,
            target_update_interval=c.sync * knobs,
            exploration_fraction=c.exploration,
            exploration_final_eps=c.final,
            policy_kwargs={"net_arch": [c.width, c.width]},
            device="cpu",
        )
