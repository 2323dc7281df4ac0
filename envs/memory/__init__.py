"""Memory controllers: DRAMSys's command-level model as one fast kernel."""

from archgym.family import Family

FAMILY = Family(
    name="memory",
    title="DRAM memory controller (DRAMGym), command-level and event-driven",
    source="archgym.envs.memory.tasks:tasks",
    fidelity_source="archgym.envs.memory.fidelity:fidelity",
    bench_source="archgym.envs.memory.bench:bench",
)
