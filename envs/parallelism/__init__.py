"""Parallelism: how to train and serve a language model on a cluster, held to published measurements."""

from archgym.family import Family

FAMILY = Family(
    name="parallelism",
    title="Training and serving of language models on clusters",
    source="archgym.envs.parallelism.tasks:tasks",
    fidelity_source="archgym.envs.parallelism.fidelity:fidelity",
    bench_source="archgym.envs.parallelism.bench:bench",
    environments=("training", "serving"),
    fidelity_parts={"serving": "archgym.envs.parallelism.serving.fidelity:fidelity"},
)
