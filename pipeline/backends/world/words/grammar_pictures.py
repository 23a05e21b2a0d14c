"""Descriptions of new pictures. In: nothing. Out: tables of patterns (see `patterns`) by the key of their op."""

ITEMS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "item",
        (
            "{new} [{placed}] [,] [{spot}]",
            "{new} [{placed}] [,] {spot} [,] {late}",
            "{spot} [,] [there is] {new}",
            "{spot} [,] there are {new}",
            "there (is|are) {new} [{spot}]",
        ),
    ),
    ("count", ("{exactly}", "there are {exactly}", "(a|one) (set|group) of {many}")),
    ("item_near", ("{new} [{placed}] [,] {near_new}", "there (is|are) {new} [{placed}] {near_new}")),
    (
        "item_with",
        (
            "{new} [{placed}] [{spot}] [,] with {new:other} {spot:beside}",
            "{new} [{spot}] [,] and {spot:beside} {new:other}",
        ),
    ),
    ("item_from", ("{sub} [{placed}] [,] [{spot}]", "{spot} [,] {sub}")),
)
"""Clauses of a picture's description."""
_KIND = "(picture|image|photo|photograph|scene|drawing|illustration|painting|pic|sketch|graphic)"
SETTINGS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "background",
        (
            "[(everything|all|all of it|it all|all this)] (on|against|with|over|before) (a|an|the) "
            "[plain] {ground} background",
            "[everything] on {ground}",
            "[(the|with the)] background (is|in|being|:) [plain] {ground}",
            "[(a|an)] [plain] {ground} background",
        ),
    ),
    ("light", ("[(everything|all|all of it|it all)] {when}", "{tone} (light|lighting)", "it is {tone}", "{tone}")),
    (
        "light_with",
        (
            f"[(draw|create|make|paint|generate|render|illustrate|show)] [me] (a|an|the) {{tone}} "
            f"{_KIND} (with|of|showing|:)",
            "{tone} scene [(:|with)]",
            f"{_KIND} {{when}} (with|of|showing|:)",
        ),
    ),
)
"""Phrases about the whole picture that may stand in a description or beside an order."""
OPENINGS = (
    f"[(draw|create|make|paint|generate|show|render|produce|give|design|compose|illustrate|sketch)] "
    f"[me] (a|an|the|one) [(simple|new)] {_KIND} "
    "(of|with|showing|containing|that shows|featuring|that contains|which shows|where there is|in "
    "which there is|depicting|that has)",
    f"(i want|i would like|i need|show me|i would love|we need|give me) [to see] (a|an) {_KIND} (of|"
    f"with|showing|containing|that shows|featuring)",
    f"[(draw|create|make|paint|generate|render|compose)] (a|an) {_KIND}",
    f"{_KIND} (of|with|showing|:)",
    "(the|this) (picture|image|scene|photo) (shows|contains|has)",
    "(combine|merge|join|put together) (these|them|the following|all of these) [(into|in) (one|a single) [(picture|image)]] [:]",
    "(combine|merge|join) (both|the|the two|both the|the three|all|all the) (pictures|images|"
    "references) [(into|in) one [picture]] [:]",
    "(make|create) (one|a single|a new) (picture|image) (out of|from|of) (both|the two|all|all the) "
    "[(pictures|images)] [:]",
    f"[(draw|create|make|paint|generate|render|compose)] (a|an) [(new|single|simple)] {_KIND} (:|where|in which)",
    "(create|generate|show me|render|produce) [me]",
)
"""Beginnings of a picture's description."""
DRAWINGS = ("(draw|paint|sketch) [me]",)
"""Verbs that begin a description or an order: "draw three stars" may also mean three more."""
