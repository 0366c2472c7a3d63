"""What simulated messages contain: a table of contents drawn once, from which every message picks a row."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from sources.simulator.groups import Ints
from sources.simulator.lines import texts
from sources.simulator.plan import Plan

WORDS = ("order", "ship", "price", "today", "group", "class", "water", "paper", "light", "green", "small", "coffee",
         "photo", "ticket", "phone", "market", "book", "friend", "evening", "morning", "update", "plan", "team", "sale",
         "fresh", "season", "lesson", "video", "start", "finish", "answer", "simple", "helper", "garden")  # fmt: skip
ADVERTS = ("limited offer only today, join now", "earn money from home, ask me", "half price in our shop, tap the link")
OTHER_KINDS = ("image", "voice", "video", "file", "redpacket", "poll", "miniprogram")
VERSION = 1
"""Version of the features that the simulator derives."""


@dataclass(frozen=True)
class Contents:
    """JSON fragments of message contents; `ordinary`, `questions`, `other`, `adverts` are row numbers."""

    fragments: Any
    ordinary: Ints
    questions: Ints
    other: Ints
    adverts: Ints

    def draw(self, rng: np.random.Generator, advert: Any, questions: float, size: int) -> Ints:
        """A row for every message: an advert where `advert` is true, else a question, talk, or a picture and such."""
        talk = rng.choice(self.ordinary, size)
        luck = rng.random(size)
        row = np.where(luck < questions, rng.choice(self.questions, size), talk)
        row = np.where(luck > 0.9, rng.choice(self.other, size), row) if questions < 0.9 else row
        return np.where(advert, rng.choice(self.adverts, size), row)


def _text_fragment(text: str, with_text: bool, kind: str = "text") -> str:
    if with_text:
        return f',"kind":"{kind}","text":{orjson.dumps(text).decode()},"text_len":{len(text)}'
    question = "true" if text.endswith("?") else "false"
    return f',"kind":"{kind}","text_len":{len(text)},"question":{question},"feature_version":{VERSION}'


def draw_contents(plan: Plan) -> Contents:
    """Draw the contents of a plan; with `plan.text` they carry text, without they carry the features of that text."""
    rng = plan.rng("contents")
    talk = [" ".join(rng.choice(WORDS, n)) for n in 1 + rng.geometric(0.15, 1500)]
    asked = [" ".join(rng.choice(WORDS, n)) + "?" for n in 3 + rng.geometric(0.2, 300)]
    adverts = [f"{rng.choice(ADVERTS)} {rng.integers(100)}" for _ in range(30)]
    fragments = [_text_fragment(text, plan.text) for text in talk + asked]
    fragments += [f',"kind":"{kind}"' for kind in OTHER_KINDS]
    fragments += [_text_fragment(text, plan.text, "link") for text in adverts]
    ends = np.cumsum([len(talk), len(asked), len(OTHER_KINDS), len(adverts)])
    rows = [np.arange(begin, end) for begin, end in zip([0, *ends], ends, strict=False)]
    return Contents(texts(fragments), *rows)
