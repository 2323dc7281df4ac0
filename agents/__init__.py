"""Search agents, one file per algorithm. Imported as ``archgym.agents``."""

if __name__ != "archgym.agents":
    raise ImportError("import archgym.agents, not agents: a second copy would register everything twice")

# name -> class; a new agent is one line here
AGENTS = {
    "random": "archgym.agents.random_search:RandomSearch",
    "sobol": "archgym.agents.sobol:SobolSearch",
    "annealing": "archgym.agents.annealing:SimulatedAnnealing",
    "genetic": "archgym.agents.genetic:GeneticAlgorithm",
    "evolution": "archgym.agents.evolution:RegularisedEvolution",
    "ant_colony": "archgym.agents.ant_colony:AntColony",
    "nsga2": "archgym.agents.nsga2:Nsga2",
    "cma_es": "archgym.agents.cma_es:CmaEs",
    "tpe": "archgym.agents.tpe:Tpe",
    "gp_bo": "archgym.agents.gp_bo:GpBo",
    "ppo": "archgym.agents.ppo:Ppo",
    "ppo_sequential": "archgym.agents.ppo_sequential:PpoSequential",
    "dqn": "archgym.agents.dqn:Dqn",
}
