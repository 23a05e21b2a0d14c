"""Clauses about the whole scene, and clauses that use attached pictures. In: nothing. Out: patterns by the key of their op.

Chunks in braces are the kinds of `chunks`: {the} things of the scene, {one} exactly one of them, {new} new things,
{spot} a place with its preposition, {dest} the goal of a move, {still} a place of rest, {adj} the look to give. <verbs> are the
classes of `lexicon.VERBS`; "its" is read as "it 's".
"""

WISH = "<wish>"
PICTURE = "<scene>"
SHOW = "<show>"
_THERE = (
    "(in its place|there|instead|in their place|there instead|in its place instead|where it was"
    "|in that place|in that spot|in the same place|in the same spot|at the same place|at its place)"
)

SCENE: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "later",
        (
            f"{SHOW} <all> [as it (is|looks|would be|would look|will be|will look|has changed)] {{while}}",
            f"{SHOW} (what|how) <all> "
            "(looks|looks like|will look|will look like|would look|would look like|becomes|has "
            "changed|changes) {{while}}",
            f"{SHOW} what (happens|has happened|will have happened) {{while}}",
            "[(what|how)] (does|will|would) <all> look [like] {while}",
            "what (happens|will happen|would happen) {while}",
            "{while} [,] (what|how) (does|will|would) <all> look [like]",
            "(what happens|show what happens) if (we wait|you wait|i wait) [{span}]",
            "(let|have) {span} (pass|go by|elapse)",
            "(advance|move|fast forward) (the scene|time|it) [forward] (by|for) {span}",
            "(move|take) (the scene|it|this) forward in time",
            "advance time",
            "(fast forward|wait|move forward in time|jump ahead|skip ahead) {span}",
            "fast forward the scene [{span}]",
            "{span} (passes|has passed|goes by|has gone by)",
            "make it {while}",
        ),
    ),
    (
        "behind",
        (
            "(show|show me|show us|let me see|view|see|draw|render|look at|depict) "
            "<all> "
            "[as seen] (from behind|from the back|from the other side|from the back side|from the "
            "rear|from the reverse side)",
            "[(what|how)] (does|would|will) <all> look [like] [seen] (from behind|from the back|from the other side)",
            f"{SHOW} (the|a) (back|rear) view [of (it|the scene|this|this scene)]",
            f"{SHOW} the (view|scene) (from behind|from the back|from the other side)",
            "(mirror|flip) (it|the scene|the picture|the image|this|everything|the whole scene|the "
            "whole picture|the whole image) "
            "(horizontally|left to right|from left to right)",
            "flip (the scene|the picture|the image|the whole picture|the whole image) left right",
            "mirror (it|the scene|the picture|the image|the whole scene|the whole picture|everything|the whole image)",
            "(turn|change) the (viewpoint|view|camera) to (the back|the other side|behind)",
            "(walk|go|move) (around|round) [(to the back|to the other side)] and (look|show it) from "
            "(behind|the back|the other side)",
            "(view|show|see) [(the scene|it)] from the opposite side",
        ),
    ),
    (
        "background",
        (
            "<turn_into> the [whole] background [(colour|color)] (to|into) [(a|an)] [plain] {ground}",
            "(make|turn|paint|colour|color) the [whole] background [(colour|color)] [plain] {ground}",
            "(set|switch) the background [(colour|color)] to [(a|an)] [plain] {ground}",
            "(replace|swap|exchange) the background (with|for|by) [(a|an)] [plain] {ground} [(one|background)]",
            "change the (colour|color) of the background to {ground}",
            "use [(a|an)] [plain] {ground} [(colour|color)] (for|as) the background",
            "(use|have|switch to|change to|make it|show|set|go with|go for|choose|pick|apply|put in) "
            "(a|an) [plain] {ground} background",
            "fill the background with {ground}",
            "[the] [new] background [(colour|color)] [(to|in|:)] [plain] {ground}",
            "<turn_into> background [(colour|color)] to [plain] {ground}",
            "(make|turn|paint|set) background [to] {ground}",
            "(have|let) the background [be] {ground}",
            "<ensure> the background is {ground}",
            f"(put|place|set|show) (everything|it all|all of it|the whole thing|{PICTURE}|them|it) "
            f"(on|against) (a|an|the) [plain] {{ground}} background",
            f"give (it|{PICTURE}|everything|them) (a|an) [plain] {{ground}} background",
            "[the] background [(colour|color)] <must> (be|become|turn|be changed to) [plain] {ground}",
            f"{WISH} (the background [to be] [plain] {{ground}}|(a|an) [plain] {{ground}} background)",
            "let the background (be|become) {ground}",
        ),
    ),
    (
        "light",
        (
            "make (it|the scene|the picture|this|the image) [look like] (a|an|the) {tone} [scene]",
            "make (it|the scene|the picture|this|the image) [look like] {tone}",
            "make <all> [(look|appear)] [(like|as if)] [(it is|it were)] {tone}",
            "(make|turn|change|set|adjust|switch) [(the|this)] (light|lighting|lights) [(to|into)] {lit}",
            f"(turn|change|switch|set|convert) (it|{PICTURE}|[the] day|[the] night|[the] evening|"
            f"this) (to|into) [(a|an|the)] {{tone}} [(scene|light|time)]",
            "(show|show me|draw|render|put|set|bathe|light|place|depict) <all> {when}",
            f"give (it|{PICTURE}|everything) {{lit}}",
            f"(let it be|it <must> be|{WISH} it to be) {{tone}}",
            "the (light|lighting|scene|picture) <must> be [in] {lit}",
            "(use|switch to|set the light to|set the lighting to|change to|have) {lit} [instead of {lit:old}]",
            "<change> the time [of day] to {tone}",
            "<ensure> it is {tone}",
            "let (it|there) be {tone}",
            "(let|make) it (become|get|turn) {tone}",
            f"let (night|evening|day) fall over {PICTURE}",
        ),
    ),
    (
        "clean",
        (
            "<clean> [away] (the|a|any|that|this) {streak} [{at}]",
            "(remove|delete|get rid of|clean off|take away) (the|any|that|this) {streak} [{at}]",
            "<clean> (the picture|the image|the scene|it) by (remove|erase|delete|wipe away) the {streak} [{at}]",
            "<clean> [up] {at} [by removing] the {streak}",
            "(the|any) {streak} [{at}] <must> (be removed|go|be cleaned up|be wiped away|disappear|be erased)",
            "there is a {streak} [{at}] [,] [;] [.] [and] [so] [please] (remove|erase|delete|clean "
            "up|wipe away|get rid of) it",
        ),
    ),
    (
        "clean_all",
        (
            "(<clean>|remove|delete|get rid of) (all|all the|the|any|all of the) [stray] (streaks|"
            "scratches|lines|smudges)",
        ),
    ),
    (
        "add_from",
        (
            "<add> {sub} [{spot}]",
            "(bring in|copy|use|take|copy over|bring) {sub} [{spot}]",
            "<add> {spot} [,] {sub}",
            "{spot} [,] <add> {sub}",
            "take {sub} [,] and <add> it {spot}",
            "{sub} <must> (be|go|be put|be placed|sit|stand|appear|be added|be shown) {spot}",
            f"{WISH} {{sub}} [to be] {{spot}}",
            f"<add> {{sub}} (to|into|in) {PICTURE} [,] [{{spot}}]",
            "(<add>|copy|bring|take|insert|transfer|paste) {sub} (to|into|in) {home} [,] [{spot}]",
            "from {picture} [,] (take|copy|bring|use) {bring} [,] and <add> it {spot}",
            "from {picture} [,] (take|copy|bring in|add) {bring} [{spot}]",
        ),
    ),
    (
        "combine",
        (
            "(combine|put together|join|unite|show|bring together) {sub} (and|with) {sub:other} "
            "[(in|into) (one|a|a single|the same) [new] (picture|image|scene)]",
            "(put|show|place|draw) {sub} and {sub:other} together [(in|into) (one|a|a single|the "
            "same) [new] (picture|image|scene)]",
        ),
    ),
    (
        "replace_from",
        (
            "replace {the} {here} (with|by) {sub}",
            "(swap|swap out|exchange|switch|substitute) {the} {here} (for|with) {sub}",
            "substitute {sub} for {the} {here}",
            "<turn_into> {the} {here} (into|to) {sub}",
            "<add> {sub} (in place of|instead of|in the place of) {the} {here}",
            "<add> {sub} where {the} {here} (is|was|used to be|is now|stands)",
            "(use|show) {sub} (in place of|instead of) {the} {here}",
            "{the} {here} <must> (become|be|be replaced (with|by)|be swapped for) {sub}",
            "let {sub} take the place of {the} {here}",
            "let {sub} replace {the} {here}",
            f"<remove> {{the}} {{here}} [,] and <add> {{sub}} {_THERE}",
        ),
    ),
    (
        "transfer",
        (
            "give {the} {here} the [same] {what} (of|from|in|as) {source}",
            "give {the} {here} the {what} that {source} has",
            "<make> {the} {here} [(in|with|have)] the [same] {what} (of|from|in|as|like) {source}",
            "(use|take|copy|apply|transfer|put|carry over) the {what} (of|from|in) {source} (for|on|"
            "to|onto|over to) {the} {here}",
            "(cover|fill|decorate) {the} {here} (with|in) the {what} (of|from|in) {source}",
            "make {the} {here} match the {what} (of|from|in) {source}",
            "(let|make) {the} {here} (have|take on|wear) the [same] {what} (of|from|in|as) {source}",
            "{the} {here} <must> (have|get|take on|be in|be) the [same] {what} (of|from|in|as) {source}",
            "(use|take|copy|apply) {picture:source} 's {what} (for|on|to|onto) {the} {here}",
            "match the {what} of {the} {here} (to|with) [that of] {source}",
            "<change> the {what} of {the} {here} to (that|the one|the {what:same}) (of|from|in) {source}",
            f"{WISH} {{the}} {{here}} to (have|be) the [same] {{what}} (of|from|in|as) {{source}}",
        ),
    ),
)
"""Changes of the whole scene, and things borrowed from pictures."""
