"""What a process that a build starts gets to see of the build's environment.

In: the environment of this process, names that the manifest gives. Out: the environment of a server: what systems and libraries go
by, the key of its own provider, what its manifest names, and nothing else. An engine runs our own code, and reads the store with
what stands there: it keeps all but the keys of providers.
"""

import os
from collections.abc import Collection, Iterable, Mapping

from pipeline.backends.openai.spec import Provider

THREADS = "OMP_NUM_THREADS"
_SYSTEM = """
PATH HOME USER LOGNAME SHELL LANG LANGUAGE TZ TERM TMPDIR TMP TEMP PWD HOSTNAME LD_LIBRARY_PATH LD_PRELOAD VIRTUAL_ENV
HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY http_proxy https_proxy all_proxy no_proxy
SSL_CERT_FILE SSL_CERT_DIR REQUESTS_CA_BUNDLE CURL_CA_BUNDLE
"""
_LIBRARIES = """
LC_ XDG_ PYTHON CONDA_ UV_
CUDA_ CUDNN_ CUBLAS_ NVIDIA_ NCCL_ ROCR_ ROCM_ HIP_ HSA_ ONEAPI_ ZE_ SYCL_ TPU_ NEURON_ ASCEND_ GLOO_ UCX_ FI_
OMP_ MKL_ KMP_ OPENBLAS_ TORCH PYTORCH_ TRITON_ FLASHINFER_ TRANSFORMERS_ TOKENIZERS_ SAFETENSORS_
HF_ HUGGINGFACE_ HUGGING_FACE_ MODELSCOPE_ VLLM_ SGLANG_ SGL_ LLAMA_
"""  # what their variables begin with
_OF_THE_HUB = frozenset({"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"})


def keys_named(providers: Iterable[Provider]) -> frozenset[str]:
    """The variables in which the keys of these providers stand."""
    return frozenset(provider.api_key_env for provider in providers if provider.api_key_env is not None)


def server_environment(
    inherit: Collection[str], own_key: str | None, others: Collection[str], set_here: Mapping[str, str]
) -> dict[str, str]:
    """The environment of a server.

    `inherit`: further names to pass on, as the manifest gives them, with a * at the end for all that begin so. `own_key`: the
    variable of its provider's key. `others`: those of other providers' keys, which only their whole name in `inherit` passes on.
    `set_here` is set whatever the environment says.
    """
    starts = (*_LIBRARIES.split(), *(name[:-1] for name in inherit if name.endswith("*")))
    system = _SYSTEM.split()
    passed = {
        name: value
        for name, value in os.environ.items()
        if name in inherit
        or name == own_key
        or ((name in system or name.startswith(starts)) and name not in others and name != THREADS)
    }
    return passed | dict(set_here)


def kept_variables() -> dict[str, str]:
    """What Ray sets for its workers, as this environment has it: in the driver, it is the person who set it."""
    return {name: os.environ[name] for name in (THREADS,) if name in os.environ}


def withhold(names: Iterable[str]) -> None:
    """Remove variables from this process's environment, and with it from those of the processes it starts; not the token by which
    the libraries of engines fetch weights, even where it is a provider's key, too."""
    for name in set(names) - _OF_THE_HUB:
        os.environ.pop(name, None)
