"""Command multiplexer: which bank's candidate goes next."""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from archgym.jit import inlined

from . import state as S
from .layout import NEVER, Command

RD = int(Command.RD)
WRA = int(Command.WRA)
CANDIDATES, BUS_FREE, BEST_TIME, BEST_BANK = S.CANDIDATES, S.BUS_FREE, S.BEST_TIME, S.BEST_BANK
OWN_READY, CANDIDATE_ID, CANDIDATE_COMMAND = S.OWN_READY, S.CANDIDATE_ID, S.CANDIDATE_COMMAND
CANDIDATE_GROUP, CANDIDATE_RANK, MASK = S.CANDIDATE_GROUP, S.CANDIDATE_RANK, S.BANK_MASK
ID_BITS = 32
NO_KEY = 1 << 62


@intrinsic
def lowest_bit(typingctx, mask):
    """Index of the lowest set bit of an int64 that is not 0."""

    def codegen(context, builder, signature, args):
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.int64), codegen


@inlined
def choose(s, base, t, candidates, only_request):
    """Fix the earliest (cycle, request) among the candidates of the banks in the mask `candidates`.

    `only_request` >= 0 (strict multiplexer): a RD/WR takes part only if it belongs to that request.
    """
    floor = max(t, s[BUS_FREE + base])
    best, best_bank = NO_KEY, 0
    while candidates != 0:
        bank = lowest_bit(candidates)
        candidates &= candidates - 1
        b = base + (bank & MASK)
        ready = max(s[OWN_READY + b], s[s[CANDIDATE_GROUP + b]], s[s[CANDIDATE_RANK + b]], floor)
        request = s[CANDIDATE_ID + b]
        if only_request >= 0:
            command = s[CANDIDATE_COMMAND + b]
            if RD <= command <= WRA and request != only_request + 1:
                continue
        key = ((ready - floor) << ID_BITS) | request
        if key < best:
            best, best_bank = key, bank
    s[BEST_BANK + base] = best_bank
    s[BEST_TIME + base] = NEVER if best == NO_KEY else floor + (best >> ID_BITS)
