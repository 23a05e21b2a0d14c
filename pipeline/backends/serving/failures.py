"""The errors of a served model, in the form of the OpenAI API, such that the openai backend reads the same error out of them.

In: one of `stages.errors`. Out: `RequestProblem`.

    Refused        400 content_policy_violation    RateLimited   429, with the wait
    TooLong        400 context_length_exceeded     TimedOut      504 timeout
    ModelError     400 model_error                 Transient     500 transient
    EngineDead     400 unsupported_parameter where the model has never done such a thing; else 500 engine_dead: see `app`

A reply that is Malformed goes out as it is: whoever asked reads it, and asks again as it sees fit.
"""

from pipeline.backends.serving.problems import RequestProblem
from stages.errors import EngineDead, ModelError, RateLimited, Refused, TimedOut, TooLong, Transient


def problem_of(error: ModelError, has_worked: bool) -> RequestProblem:
    """The problem that the client is answered. `has_worked`: the model has answered such a request before."""
    words = str(error)
    match error:
        case Refused():
            return RequestProblem(400, words or "the model declined", "content_policy_violation")
        case TooLong():
            return RequestProblem(400, words, "context_length_exceeded", "messages")
        case RateLimited():
            return RequestProblem(429, words, "rate_limit_exceeded", wait_s=error.retry_after)
        case TimedOut():
            return RequestProblem(504, words, "timeout")
        case Transient():
            return RequestProblem(500, words, "transient")
        case EngineDead() if has_worked:
            return RequestProblem(500, words, "engine_dead")
        case EngineDead():
            return RequestProblem(400, words, "unsupported_parameter", "model")
        case _:
            return RequestProblem(400, words, "model_error")
