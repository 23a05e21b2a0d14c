"""A worker with the models of the world, to try a batch without a GPU: python world.py FOLDER.

In: the folder of a batch. Out: its answers. It needs the package x2i-ladder, whose world it is; other workers do not.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace

from worker import Answer, Answered, Asked, Declined, main

from pipeline.backends.world.models.skill import skill
from pipeline.backends.world.respond import respond
from stages.errors import Refused
from stages.protocols import Message


def load(arguments: argparse.Namespace) -> Answer:
    """The function that answers, a little slowly if it is to."""

    def answer_one(asked: Asked) -> Answered:
        time.sleep(arguments.slow)
        messages = [Message(m["role"], m["content"]) for m in asked.messages]  # type: ignore[arg-type]
        images = [image.read_bytes() for image in asked.images]
        try:
            reply = respond(messages, images, asked.seed, schema=asked.schema, skill=skill(asked.model, asked.options))
        except Refused as error:
            raise Declined(error.text) from error
        made = Answered(usage={"input_tokens": 1, "output_tokens": 1})
        return replace(made, text=reply) if isinstance(reply, str) else replace(made, image=reply)

    def answer(requests: Sequence[Asked]) -> list[Answered]:
        return [answer_one(asked) for asked in requests]

    return answer


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Answers the requests of a batch with models of the world.")
    parser.add_argument("--slow", type=float, default=0.0, help="seconds that each answer takes longer")
    main(load, parser)
