"""An owner and the entrances of its actors, in one process, without Ray."""

from pipeline.backends.openai.spec import Provider
from pipeline.money.budget import Budget
from pipeline.money.cost import Load
from pipeline.traffic.entrance import Entrance
from pipeline.traffic.owner import Owner

LOAD = Load(100, 0.0)


def provider(**limits) -> Provider:
    return Provider(base_url="http://127.0.0.1:1/v1", **limits)


def owner(capacity=64, limit_usd=None, spent=0.0, patience_s=600.0, drained=None, there=False, **providers) -> Owner:
    """`there`: whether a provider's server turns out to be there when its calls fail."""
    reasons = [] if drained is None else drained

    async def is_there(_):
        return there

    return Owner(capacity, providers, Budget(limit_usd, spent), patience_s, reasons.append, is_there)


class Actor:
    """One actor's end: an entrance, with all that a wrapper needs of `Traffic`. It counts its messages to the owner."""

    def __init__(self, to: Owner, name: str, budget=False) -> None:
        self.messages = 0

        async def ask(provider, loads):
            self.messages += 1
            return await to.enter(name, provider, loads)

        def tell(ended):
            self.messages += 1
            to.leave(name, ended)

        self.entrance = Entrance(ask, tell, budget)
        self.enter, self.leave = self.entrance.enter, self.entrance.leave

    async def wait_to_send(self) -> None:
        return
