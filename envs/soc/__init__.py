"""Systems-on-chip: FARSI's task graphs on processors, accelerators, memories and buses."""

from archgym.family import Family

FAMILY = Family(
    name="soc",
    title="System-on-chip (FARSI): task graphs on processors, accelerators, memories and buses",
    source="archgym.envs.soc.tasks:tasks",
    fidelity_source="archgym.envs.soc.fidelity:fidelity",
    bench_source="archgym.envs.soc.bench:bench",
)
