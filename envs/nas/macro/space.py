"""A network as a design: resolution, width, and depth, kernel and expansion of each stage."""

from __future__ import annotations

from archgym.space import DesignSpace, Param

from .architecture import STAGES, Choices

CHOICES = Choices()


def _stage(number: int) -> list[Param]:
    return [
        Param(f"depth_{number}", CHOICES.depths, ordered=True, doc=f"blocks of stage {number}"),
        Param(f"kernel_{number}", CHOICES.kernels, ordered=True, doc=f"side of the depthwise filters of stage {number}"),
        Param(
            f"expansion_{number}",
            CHOICES.expansions,
            ordered=True,
            doc=f"channels inside a block of stage {number} over its own",
        ),
    ]


SPACE = DesignSpace(
    [
        Param("resolution", CHOICES.resolutions, "pixels", True, doc="side of the image"),
        Param("width", CHOICES.widths, ordered=True, doc="channels of the first stage; the second has twice as many"),
        *(param for stage in range(STAGES) for param in _stage(stage + 1)),
    ]
)
"""1,296 designs; a design's number is its network's, see :meth:`~archgym.envs.nas.macro.architecture.Choices.architectures`."""
