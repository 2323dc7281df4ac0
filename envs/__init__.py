"""Environment families, one folder each. Imported as ``archgym.envs``."""

if __name__ != "archgym.envs":
    raise ImportError("import archgym.envs, not envs: a second copy would register everything twice")

# name -> where its description is; a new family is one line here
FAMILIES = {
    "memory": "archgym.envs.memory:FAMILY",
    "accelerator": "archgym.envs.accelerator:FAMILY",
    "parallelism": "archgym.envs.parallelism:FAMILY",
    "nas": "archgym.envs.nas:FAMILY",
    "soc": "archgym.envs.soc:FAMILY",
}
