"""Whether a provider can be reached. In: a provider. Out: one line on what is wrong, before a build begins."""

from pipeline.providers.client import Wire, close_clients
from pipeline.providers.secrets import KeyMissing, key_of
from pipeline.providers.spec import Provider
from stages.errors import EngineDead, ModelError, RateLimited


async def reachable(name: str, provider: Provider) -> str | None:
    """None when the server of the provider called `name` answers and takes the key, else one line with the remedy.

    To be run on an event loop of its own: its connections are closed afterwards. A server that lists no models passes.
    """
    try:
        key_of(name, provider)
        await Wire(name, provider).probe("/models")
    except KeyMissing as error:
        return str(error)
    except RateLimited:
        return None  # it is there, and busy
    except EngineDead as error:
        return f"providers.{error}"
    except ModelError as error:
        return f"providers.{error}; start the server at {provider.base_url}, or correct base_url"
    finally:
        await close_clients()
    return None
