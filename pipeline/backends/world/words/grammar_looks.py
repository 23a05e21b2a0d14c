"""Clauses about how things look. In: nothing. Out: patterns by the key of their op.

Chunks in braces are the kinds of `chunks`: {the} things of the scene, {one} exactly one of them, {new} new things,
{spot} a place with its preposition, {dest} the goal of a move, {still} a place of rest, {adj} the look to give. <verbs> are the
classes of `lexicon.VERBS`; "its" is read as "it 's".
"""

WISH = "<wish>"
_AGAIN = "[again]"

LOOKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "alter",
        (
            "<make> {the} [(in|to)] {adj} [instead]",
            "<change> {the} (to be|to become|to look|to) {adj}",
            "(let|have) {the} (be|become|turn|go) {adj}",
            "have {the} painted {adj}",
            "make {the} (appear|go|look|be) {adj}",
            "<ensure> {the} (is|are) {adj}",
            "{the} (becomes|turns|become|turn) {adj}",
            "(get|render) {the} {adj}",
            "({pattern}|{mark}) on {the}",
            "{the} (gets|has to have) ({pattern}|{mark})",
            "(fill|fill in|colour in|color in) {the} (with|in) {colour}",
            "(shrink|reduce|enlarge|scale up|scale down|grow|scale) {the} to {size} [size]",
            "(fill|wrap) {the} (with|in) {pattern}",
            "(apply|use) {pattern} (to|on|onto|for) {the}",
            "(<ensure>|see that) {the} (has|have) {pattern}",
            "make the (colour|color) of {the} {colour}",
            "make {the} 's (colour|color) {colour}",
            "<ensure> {the} (has|have) {mark}",
            "<add> {mark} (across|over) [the middle of] {the}",
            "<change> {the} (so that|so) (it is|they are) {adj}",
            "give {the} the (colour|color) of {term}",
            "{the} <must> (be|become|turn|be painted|be made|be coloured|be colored|be recoloured|be "
            "turned|be changed to|look|turn out) {adj} [instead]",
            f"{WISH} {{the}} [(to be|to become|to turn|painted|to be painted|coloured|colored)] [in] {{adj}}",
            "<change> the (colour|color) of {the} (to|into) {colour}",
            "<change> {the} 's (colour|color) (to|into) {colour}",
            "the (colour|color) of {the} <must> (be|become|be changed to) {colour}",
            "{the} 's (colour|color) <must> (be|become|be changed to) {colour}",
            "(switch|convert) {the} (to|into) {adj}",
            "(resize|scale|<change>) {the} to {size} [size]",
            "(resize|scale|<change>) {the} to a {size} size",
            "<change> the size of {the} to {size}",
            "bring {the} to [a] {size} size",
            "<change> {the} 's size to {size}",
            "redraw {the} in [a] {size} size",
            "redraw {the} in {colour}",
            "give {the} a {colour} (colour|color|coat of paint|paint job)",
            "give {the} {pattern}",
            "<add> {pattern} (to|on|onto) {the}",
            "cover {the} (with|in) {pattern}",
            "decorate {the} with {pattern}",
            "{the} <must> (have|get) {pattern}",
            f"{WISH} {{the}} to have {{pattern}}",
            "give {the} {mark}",
            "<add> {mark} (to|on|onto) {the}",
            "(mark|decorate) {the} with {mark}",
            "{the} <must> (have|get|bear) {mark}",
            "{the} (needs|gets) {mark}",
            "{the} (needs|gets) {pattern}",
            f"{WISH} {{the}} to have {{mark}}",
        ),
    ),
    (
        "alter_from",
        (
            "(change|turn|switch|repaint|recolour|recolor|make) {the} from {adj:old} (to|into) {adj}",
            "<change> the (colour|color|size) of {the} from {adj:old} (to|into) {adj}",
            "<change> {the} 's (colour|color|size) from {adj:old} (to|into) {adj}",
            "{the} <must> (be|become) {adj} instead of {adj:old}",
            "<make> {the} {adj} instead of {adj:old}",
            f"{WISH} {{the}} [to be] {{adj}} instead of {{adj:old}}",
        ),
    ),
    (
        "bare",
        (
            "<remove> the {pattern:off} (from|of|on) {the}",
            "take the {pattern:off} off {the}",
            "<remove> the {mark:off} (from|of|on) {the}",
            "take the {mark:off} off {the}",
        ),
    ),
    (
        "unmark",
        ("(remove|wipe|erase|take) the mark (from|off|on|of) {the}", "<remove> the mark (from|off|on|of) {the}"),
    ),
    ("unpattern", ("(remove|take) the (pattern|texture) (from|off|on|of) {the}",)),
    (
        "text",
        (
            "(make|let|have) {the} (say|read|show) {text}",
            "<ensure> {the} (says|reads|shows|say|read) {text}",
            "<change> what {the} (says|reads) to {text}",
            "{the} <must> (say|read|show|be changed to|be changed to say|be changed to read) {text}",
            "<change> {the} (to|to say|to read|so that it says|so that it reads|so it says|so it reads) {text}",
            "<change> (the (text|word|words|writing|number|lettering|label) (on|of) {the}|{the} 's "
            "text) (to|into) {text}",
            "(write|print|put) [(the word|the number|the text)] {text} on {the}",
            f"{WISH} {{the}} to (say|read|show) {{text}}",
            "the (text|word|writing|number) on {the} <must> (be|say|read|become|be changed to) {text}",
            "(replace|swap) the (text|word|writing|number) on {the} (with|by|for) {text}",
        ),
    ),
    (
        "retext",
        (
            "(change|turn) [the (text|word|number)] {text:old} (to|into) {text} on {the}",
            "(change|turn) [the (text|word|number)] {text:old} on {the} (to|into) {text}",
            "(replace|swap) [the (text|word|number)] {text:old} on {the} (with|by|for) {text}",
            "(replace|swap|exchange) [the (text|word|number)] {text:old} (with|by|for) {text} on {the}",
            "{the} <must> (say|read|show) {text} instead of {text:old}",
            "(make|let|have) {the} (say|read|show) {text} instead of {text:old}",
            "<change> the (text|word|words|number|writing) on {the} from {text:old} to {text}",
            "(change|turn) {the} from {text:old} (to|into) {text}",
        ),
    ),
    (
        "complete",
        (
            f"<mend> {{the}} [so that it is (whole|complete) {_AGAIN}]",
            "(close|fill) the gap in {the}",
            "patch [up] {the}",
            "{the} (is|looks) (broken|incomplete|chipped|damaged) [,] [;] [and] [so] [please] <mend> it",
            "{the} (has|is missing) a [missing] (piece|part|bit) [missing] [,] [;] [and] [so] [please] <mend> it",
            "a (piece|part|bit) of {the} is missing [,] [;] [and] [so] [please] (<mend> it|fill it "
            "in|add it|put it back|add it back)",
            "(fill in|add|draw|fill) the missing (piece|part|bit|corner) (of|to|in|on) {the}",
            "(restore|complete|repair|put back) the missing (piece|part|bit) (of|to|in|on) {the}",
            "put the missing (piece|part|bit) back (in|into|on|onto) {the}",
            f"(make|let) {{the}} [be] (whole|complete) {_AGAIN}",
            f"{{the}} <must> be (whole|complete|repaired|mended|restored|completed|fixed) {_AGAIN}",
            f"{WISH} {{the}} [to be] (whole|complete|repaired|mended|restored|completed|fixed) {_AGAIN}",
            "give {the} (back its missing piece|its missing piece back)",
            "fill in what is missing (of|from) {the}",
        ),
    ),
    (
        "turn",
        (
            "(make|let|have) {the} (point|face|look) {way}",
            "{the} <must> (point|face|look|be pointing|be facing|be turned to face|be turned to "
            "point|be turned to) {way}",
            "<rotate> {the} (so that|so|until) (it|they) (points|faces|point|face|is facing|is pointing|looks) {way}",
            "<rotate> {the} to (point|face|look) {way}",
            "(point|aim|face) {the} {way}",
            "<ensure> {the} (points|faces|point|face|is pointing|is facing) {way}",
            "reverse the direction of {the}",
            f"{WISH} {{the}} [to be] (pointing|facing) {{way}}",
            f"{WISH} {{the}} to (point|face|look) {{way}}",
            "change the direction of {the} to {way}",
            "{the} <must> (point|face|look) (the other way|the opposite way|in the opposite direction)",
            "<rotate> {the} {angle}",
            "{the} <must> be (turned|rotated) {angle}",
            "<rotate> {the} to the opposite direction",
        ),
    ),
    ("upside", ("(turn|flip|put|rotate|place) {the} upside down", "{the} <must> be [turned] upside down")),
    (
        "match",
        (
            "make the odd {kind} [one] [out] (like|match|look like|the same as|look the same as|look as) {rest}",
            "(fix|correct|repair) the odd one out (among|of|amongst|in) the {kinds}",
            "(fix|correct) the odd {kind} [out]",
            "one (of the {kinds}|{kind}) (does not match|does not fit|differs from) {rest} [,] [;] "
            "[.] [and] [so] [please] (fix it|correct it|change it|make it match|make it (like|look "
            "like) {rest:them})",
            "make all [(of the|the|{number}|the {number}|of the {number})] {kinds} (look the same|"
            "alike|look alike|the same|identical|match|look identical|uniform)",
            "(fix|correct|change) the {kind} that (does not match|is unlike|differs from|is "
            "different from) the (others|rest)",
            "make the {kind} that (does not match|is unlike|differs from|is different from) the (others|rest) "
            "(like them|like the others|match them|look like them|look the same|look as they do|look "
            "like the others|match)",
            "let the {kind} that is unlike the others look (as they do|like them)",
            "one (of the {kinds}|{kind}) (is|looks) (unlike|different from|not like) the (others|"
            "rest) [;] [,] [.] [and] [so] "
            "(make it|let it) (match|match them|match the others|look like the others|look as they "
            "do|like the others|look like them)",
            "all [(of the|the|{number}|the {number})] {kinds} <must> (look the same|look alike|be "
            "identical|be alike|be the same|match)",
            "the odd {kind} <must> (look like|match|be like) the (others|rest)",
        ),
    ),
)
"""Changes of a thing that stays where it is."""
