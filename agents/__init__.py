"""Search agents, one file per algorithm. Imported as ``archgym.agents``."""

if __name__ != "archgym.agents":
    raise ImportError("import archgym.agents, not agents: a second copy would register everything twice")

# name -> class; a new agent is one line here
AGENTS = {
    "random": "archgym.agents.random_search:RandomSearch",
}
