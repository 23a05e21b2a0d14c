"""The world's server, with two habits of real ones: it answers for prompt log-probs as vLLM does, and speaks while it draws.

In: requests of the OpenAI API. Out: the world's answers; with an image the words `SAID`; for a request that wants
`prompt_token_ids` one token a character, each as likely as `logprob` says.
"""

import json
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from pipeline.backends.world.server.app import app

SAID = "First the ground, then what stands on it."


def logprob(letter: str) -> float:
    """The longer the alphabet up to a letter, the less likely it is."""
    return -(ord(letter) % 7) / 4


def talking(asked: Counter[str]) -> FastAPI:
    """The application; `asked` counts requests by what they want: score, image, text."""
    world = app(1)

    @world.middleware("http")
    async def layer(request: Request, go_on: Callable[[Request], Awaitable[Any]]) -> Any:
        if request.method != "POST":
            return await go_on(request)
        body = json.loads(await request.body())
        if body.get("return_token_ids"):
            asked["score"] += 1
            return JSONResponse(_tokens(body))
        response = await go_on(request)
        answer = json.loads(b"".join([part async for part in response.body_iterator]))
        message = answer["choices"][0]["message"]
        drawn = "images" in message
        asked["image" if drawn else "text"] += 1
        return JSONResponse(_with_words(answer) if drawn else answer)

    return world


def _with_words(answer: dict[str, Any]) -> dict[str, Any]:
    answer["choices"][0]["message"]["content"] = SAID
    return answer


def _tokens(body: dict[str, Any]) -> dict[str, Any]:
    *turns, last = body["messages"]
    begun = last["content"] if body.get("continue_final_message") else ""
    asked = json.dumps(turns if begun else body["messages"])
    letters = asked + begun
    given = [None, *({str(ord(c)): {"logprob": logprob(c), "decoded_token": c}} for c in letters[1:])]
    return {
        "object": "chat.completion",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "x"}, "finish_reason": "length"}],
        "usage": {"prompt_tokens": len(letters), "completion_tokens": 1},
        "prompt_token_ids": [ord(c) for c in letters],
        **({"prompt_logprobs": given} if "prompt_logprobs" in body else {}),
    }
