"""Design spaces of a system-on-chip: ArchGym's own of 2023 (`limited`), and one over the whole library (`full`)."""
