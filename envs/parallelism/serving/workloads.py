"""What is asked of a service: tokens of prompts and answers, and how much answers differ.

Lengths are round figures after published traces: Azure's conversations (medians 1,020 and 129 tokens) and code completions
(1,930 and 13; Splitwise, ISCA 2024, section 3.1), summaries of papers (arXiv-summarization, prompts of 3 to 8 thousand tokens;
DistServe, OSDI 2024, section 6.1), and chains of thought of a few thousand tokens (DeepSeek-R1, arXiv 2501.12948, figure 3).
Answers of a trace differ about as much as their mean, those of one kind of request less.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from archgym.errors import BadInput, did_you_mean

MOST_TOKENS = 1 << 20


@dataclass(frozen=True)
class Requests:
    """Tokens of a prompt and of an answer, and the coefficient of variation of the answers' lengths."""

    input: int
    output: int
    spread: float


WORKLOADS = {
    "chat": Requests(1024, 256, 1.0),
    "code": Requests(8192, 256, 0.8),
    "summarise": Requests(4096, 512, 0.5),
    "reasoning": Requests(512, 4096, 0.7),
}
LENGTHS = re.compile(r"([1-9]\d{0,6})/([1-9]\d{0,6})")


def parse(text: str) -> tuple[str, Requests]:
    """``"llama3-70b@chat"`` or ``"llama3-70b@1024/256"`` (tokens of prompt and answer, spread 0.5) as model and requests.

    Raises:
        BadInput: no ``@``, no such workload, or lengths beyond a million tokens.
    """
    model, _, kind = text.partition("@")
    lengths = LENGTHS.fullmatch(kind)
    if lengths:
        prompt, answer = int(lengths.group(1)), int(lengths.group(2))
        if max(prompt, answer) > MOST_TOKENS:
            raise BadInput(f"workload '{text}': lengths must be at most {MOST_TOKENS} tokens")
        return model, Requests(prompt, answer, 0.5)
    if kind not in WORKLOADS:
        raise BadInput(f"workload '{text}' must be MODEL@KIND or MODEL@INPUT/OUTPUT" + did_you_mean(kind, WORKLOADS))
    return model, WORKLOADS[kind]
