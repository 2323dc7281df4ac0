"""Hardware resources as the design, with the mapper inside: `accelerator-…` and `timeloopgym-…` tasks."""
