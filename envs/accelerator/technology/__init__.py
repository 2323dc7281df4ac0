"""Energy and area per component, by technology: plain cited data files behind one interface."""

from .component import KINDS, BufferTable, Component
from .reader import load_technology, technology_names
from .references import ReferenceFigures, load_reference_figures, reference_names
from .technology import Dram, Technology

__all__ = [
    "BufferTable",
    "Component",
    "Dram",
    "KINDS",
    "ReferenceFigures",
    "Technology",
    "load_reference_figures",
    "load_technology",
    "reference_names",
    "technology_names",
]
