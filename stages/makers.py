"""Who made an image, as record and ledger name them: a role, or one of the generators beside the default one.

In: the name of a generator, or what an event says it was made by. Out: "generator" for the default generator, "generator.NAME" for
one of `models.generators`; and the role behind either. Seeds know roles alone, so that the same draw by another generator has
the same seed.
"""

DEFAULT = "generator"
"""The name of the default generator, `models.generator`, in `policy.generators`."""


def maker(generator: str) -> str:
    """How the generator of this name is called in record and ledger."""
    return DEFAULT if generator == DEFAULT else f"{DEFAULT}.{generator}"


def name_of(who: str) -> str:
    """A maker in one word: the name of the generator, or the role."""
    return who.rpartition(".")[2]


def maker_in(made_by: str | None) -> str:
    """The maker that "MAKER:model identity" names; empty where there is none."""
    return (made_by or "").partition(":")[0]


def role_of(who: str) -> str:
    """The role of a maker: "generator" for each of the generators."""
    return who.partition(".")[0]
