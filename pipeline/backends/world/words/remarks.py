"""Remarks inside colloquial clauses. In: nothing. Out: tables of patterns (see `patterns`) by their meaning.

They ask to repair, change or remove a thing, state that a thing is unlike its mates, or name the viewpoint.
"""

MENDED: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "mended",
        (
            "<mend> (it|that|this) [up] [for me]",
            "(fill|patch|fix|put|draw|add) (it|that|this|one|that bit|the missing piece|the piece) (in|"
            "up|back|back in|again)",
            "make (it|that|this) (whole|complete|right|match|good) [again]",
            "(it <must> be|i want it|i would like it|have it|get it) (fixed|repaired|mended|completed|"
            "filled in|whole|complete) [again]",
            "correct (it|that|this)",
            "(add|draw|fill in|complete|restore) (the missing (piece|part|bit)|it|that)",
        ),
    ),
)
UNDONE: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "undone",
        (
            "(fix|change|correct|mend|sort|sort out) (it|that|this|them)",
            "sort (it|that|this) out",
            "(do|make) (it|that) (so|happen)",
            "do that",
            "put (it|that) right",
            "(change|do) it [(for me|then)]",
            "put one there instead",
        ),
    ),
)
OUTED: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "outed",
        (
            "<remove> (it|that|them|this)",
            "(take|clean|wipe|rub|throw|chuck) (it|that|them|this) (out|away|off|up)",
            "(it|they) (<may>|<must>) (go|be removed|be deleted)",
            "make (it|that|them) (go away|disappear|vanish)",
            "clean (it|that) up",
        ),
    ),
)
UNLIKE: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "unlike",
        (
            "(does not (match|fit|look like|fit in with|belong with)|differs from|is unlike|looks unlike|"
            "stands out from) {rest}",
            "(is|looks) (different from|not like|not the same as|odd among) {rest}",
            "(stands out|is (odd|wrong|off|different)|looks (odd|wrong|off|different)|does not (match|"
            "fit|fit in|belong))",
        ),
    ),
)
RESEMBLE: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "resemble",
        (
            "[(look|be)] (like|just like|the same as|exactly like) {rest} [(are|do)]",
            "(match|resemble|fit in with|blend in with|blend with) {rest}",
        ),
    ),
)
ALIKE: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "alike",
        (
            "[(make it|let it|have it|it <must>|to make it|change it so it|change it to|let)] {resemble}",
            "(make it|let it) (match|fit in|blend in|look right|look the same)",
        ),
    ),
)
BACK: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "back",
        (
            "from (behind|behind it|the back|the back side|the other side|the rear|the reverse [side]|"
            "the opposite side|the far side)",
            "of the (back|rear)",
        ),
    ),
)
