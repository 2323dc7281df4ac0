"""Studies: plan, run on Ray, statistics, report. Imported as ``archgym.experiments``."""

if __name__ != "archgym.experiments":
    raise ImportError("import archgym.experiments, not experiments: a second copy would register everything twice")
