"""Systolic arrays: array shape, dataflow, buffers, DRAM channels and batching over whole networks.

Compute cycles and SRAM accesses are SCALE-Sim's in closed form (Samajdar et al., "A systematic methodology for characterizing
scalability of DNN accelerators using SCALE-Sim", ISPASS 2020), equal to the simulator's on every row of the shipped
reference. What a designer pays on top of that (DRAM traffic under finite double-buffered SRAMs, bandwidth limits, energy,
area, several arrays) is derived in `roles` and `kernel`.
"""
