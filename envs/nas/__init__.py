"""Neural architectures: tables of trained networks, our own and published, to be searched alone or with their hardware."""

from archgym.family import Family

FAMILY = Family(
    name="nas",
    title="Neural architectures on real accuracies, alone and with their hardware",
    source="archgym.envs.nas.tasks:tasks",
    fidelity_source="archgym.envs.nas.fidelity:fidelity",
    bench_source="archgym.envs.nas.bench:bench",
    environments=("nas", "codesign"),
)
