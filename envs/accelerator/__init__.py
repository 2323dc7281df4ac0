"""DNN accelerators: loop-nest mappings, systolic arrays and fused attention, with a mapper that finds the optimum."""

from archgym.family import Family

FAMILY = Family(
    name="accelerator",
    title="DNN accelerators: hardware, mapping, systolic arrays and attention",
    source="archgym.envs.accelerator.tasks:tasks",
    fidelity_source="archgym.envs.accelerator.fidelity:fidelity",
    bench_source="archgym.envs.accelerator.bench:bench",
    environments=("accelerator", "timeloopgym", "mapping", "systolic", "attention"),
)
