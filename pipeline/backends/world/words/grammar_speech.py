"""Colloquial clauses about things: wishes, questions, hints, shorthand. In: nothing. Out: patterns by the key of their op.

The chunks are those of the other grammars. In addition, {so} is a stop and words that lead on to a request ("; could you
please"); {mended}, {undone} and {outed} are requests about a broken, a wrong and an unwanted thing; {unlike} states that a thing
differs from its mates, {alike} and {resemble} ask that it be like them; {late} is a feature after a place.
"""

_GONE = (
    "(gone|removed|deleted|erased|taken away|taken out|binned|scrapped|ditched|thrown out|dropped|cut|out of there|out)"
)
_PIECE = "(piece|part|bit|corner|chunk|bite|slice|section)"
_MISSING = "(missing|gone|taken out of it|out of it|bitten off|broken off|cut out|missing from it)"
_NEAR = "({dest}|{still})"
_SIZED = "[(a|an|the)] {size} [(size|one|version)]"
_IS = "(is|are|'s)"
_POINTS = "(point|face|look)"
_WAYS_ROUND = (
    "(the other way [around]|the opposite way|in the opposite direction|the other direction|the opposite direction)"
)

SPEECH: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "add",
        (
            "<add> {new} {spot} [,] {late}",
            "(<wish>|there <must> be|create|make|sketch|have|show) {new} {spot} [,] {late}",
            "{spot} [,] (<add>|<wish>|there <must> be) {new} {spot:more}",
            "<add> : {new} [{spot}]",
            "<hope> (there (was|were|is)|you (added|drew|put|placed|could add|could put|could draw)|(you|"
            "we) (had|added)) {new} [{spot}]",
            "<wish> {new} to (appear|be|be added|be there|stand|sit|show up) [{spot}]",
            "{spot} [,] <wish> {new} to (appear|be|be added|be there|stand|sit)",
            "{new} <must> [also] (be added|appear|be placed|go|go in|be|sit) {spot} [,] {late}",
            "{new} (goes|gets added|comes|appears|is added|is to go) {spot}",
            "{spot} [,] (goes|comes|there is missing|belongs|sits) {new}",
            "[{spot} [,]] {new} is missing [{spot}] {so} (add one|one <must> be added|draw one|put one there|add it)",
            "there <must> be {new} [{spot}] {so} (draw one [in]|add one|put one [there|in])",
            "{new} , {spot} [,] {late}",
            "{new} [{spot}] (would be nice|would be great|would be lovely|is needed|is wanted|please)",
            "{new} {spot} <must> be (added|drawn|put in)",
            "(i also need|we also need|i also want|there <must> also be|there is also) {new} [{spot}]",
        ),
    ),
    (
        "count",
        (
            "<change> the (number|count|amount|quantity) of {plural} (to|up to|down to) [(exactly|just)] {number}",
            "(set|make|change) the {kind} (count|number) [to] [exactly] {number}",
            "the (number|count|amount|quantity) of {plural} <must> (be|become|go up to|go down to|be "
            "changed to) [exactly] {number}",
            "<hope> there (were|are|was|is) [(exactly|only|just)] {many}",
            "(i only|we only) (need|want) {many} [{so} <change> the (number|count|amount) [(of them|accordingly)]]",
            "(i only|we only) (need|want) {many} [(here|in total|in all)]",
            "there are too (many|few) {plural} {so} (i asked for|i wanted|i want|make it|it <must> be|"
            "there <must> be|i need) [exactly] {number}",
            "you have (drawn|put in|made|added) too (many|few) {plural} {so} (i asked for|i wanted|i "
            "want|make it|there <must> be) [exactly] {number}",
            "how many {plural} ? [make it] {number}",
            "{plural} : [exactly] {number}",
            "(number|count) of {plural} : [exactly] {number}",
            "(make|have) it {many} [,] (not|rather than|instead of) {number:old} [{kinds:ignored}]",
            "(<wish>|there <must> be) {many} [,] (not|rather than) {number:old}",
        ),
    ),
    (
        "remove",
        (
            f"{{the}} (<may>|<must>|gets|get|to|is to|are to) [be] {_GONE}",
            "{the} <may> (go|go away|disappear|vanish|leave|be removed|be taken out)",
            "{the} (has|have) to (go|disappear|leave|be removed|be deleted)",
            "{the} <must> (leave|be binned|be scrapped|be got rid of|be thrown out|be cleared away|be "
            "cut|get lost|be no more|be dropped)",
            f"<hope> {{the}} (was|were|is|are|could be|would be|to be) {_GONE}",
            "<hope> {the} (went away|disappeared|vanished|could go|would go|was not there|were not "
            "there) [{so} {outed}]",
            "i would rather {the} (was|were|is|are) (not there|gone) [{so} {outed}]",
            "(i|we) (do not|no longer) (want|need) {the} [(any more|anymore|any longer|there|here|now|in "
            "there|in <scene>)] [{so} {outed}]",
            f"{{the}} {_IS} (no longer needed|not needed|not needed any more|not needed any longer|not "
            f"wanted|unwanted|superfluous"
            "|in the way|unnecessary) [{so} {outed}]",
            "{the} (does|do) not belong (here|there|in <scene>) [{so} {outed}]",
            "{the} <must> not (be there|be here|be in <scene>) [{so} {outed}]",
            "(have|get|want) {the} (removed|deleted|erased|taken out|taken away)",
            "{the} (needs|wants) (removing|deleting|erasing|to be out)",
            "<remove> : {the}",
            "(see|ensure|<ensure>) [that] {the} (is|are) (gone|removed|deleted|erased|no longer there|not there)",
            "we (can|could) do without {the}",
            "(wipe|rub) {the} (out|away|off)",
            "<remove> {the} (completely|entirely|altogether|for good)",
        ),
    ),
    (
        "remove_both",
        (
            "{the} <must> (go|be removed|be deleted|disappear|be erased) [,] and so (does|do|must|should) {the:other}",
            "{the} (<may>|<must>) (go|be binned|be removed|be deleted) [,] [and] (same|the same|likewise|"
            "ditto) [goes] [(with|for)] {the:other}",
        ),
    ),
    (
        "replace",
        (
            "where {the} (is|was|are|were|used to be|stands|sits|lies) [now] [,] (<add>|there <must> be|"
            "<wish>) {new} [instead]",
            "(in place of|instead of|in lieu of|rather than) {the} [,] [(<wish>|<add>)] {new}",
            "{the} → {new}",
            "{the} <must> [(really|actually)] [have] (be|been|become|turn into|turn to) {new} [instead] {so} {undone}",
            "{the} <must> (make way for|give way to|be exchanged for|be switched for|be traded for|be "
            "turned to|be swapped with|be) {new}",
            "<hope> {the} (was|were|became|turned into|could be|could become|would become|could turn "
            "into|is) {new} [instead]",
            "<wish> {the} [to be] (swapped with|swapped out for|exchanged for) {new}",
            "(have|let|make) {the} (replaced (with|by)|swapped for|turned into|be replaced (with|by)|be "
            "turned into|give way to|morph into) {new}",
            "let {new} (take the place of|replace|take over from) {the}",
            "{new} <must> (take the place of|replace|be in place of|go in place of|be put in place of|"
            "stand in for) {the}",
            "{the} (is|gets|are|get) (replaced (with|by)|swapped for|turned into) {new}",
            "{new} (takes the place of|replaces) {the}",
            "<turn_into> {the} (in to|over to) {new}",
            "<remove> {the} [(,|;|.)] [and] [then] (<add>|draw|have) {new} (where it (was|is|stood|used "
            "to be)|in its (place|spot)|in that (place|spot))",
            "<add> {new} (where {the} (stood|lay|sat)|in the (spot|place) of {the}|in {the} 's (place|spot|position))",
            "(switch|trade) {the} out for {new}",
            "(swap|change|trade|switch) {the} (out for|over to) {new}",
            "(<wish>|have|show|use|draw) {new} (rather than|where there is now|in lieu of) {the}",
            "(i|we) (do not|no longer) want {the} but {new}",
        ),
    ),
    (
        "alter",
        (
            "{the} (:|→) {adj}",
            "{the} (goes|go|gets|get|comes out) {adj}",
            "(have|get) {the} (dyed|painted|coloured|colored|made|turned|tinted|redone|done) [(in|to)] {adj}",
            "<make> {the} [(all|completely|entirely|fully)] {adj}",
            "{the} (is|are) to be {adj}",
            "{the} (<must>|<may>) (be|turn|become|go) [(all|completely|entirely|fully|made|painted|"
            "turned|coloured|colored|dyed)] {adj}",
            "<hope> {the} (was|were|is|are|became|could be|would be|turned|could become|would become|"
            "looked|could turn) [(made|painted|turned)] [in] {adj}",
            "<hope> {the} (had|could have|has|got|would have|could get|were to have) ({pattern}|{mark}) [on it]",
            "({colour}|{pattern}|{mark}) for {the}",
            "what about ({colour}|{pattern}|{mark}) for {the}",
            "{colour} is (what|how) (i want|i would like|we want|we would like) {the} [to be]",
            "{colour} is (what|the colour|the color) {the} <must> be",
            "<wish> ({pattern}|{mark}) (on|for) {the}",
            "{the} (<must>|<may>) (have|get|wear|carry|show|be given|receive|bear|be covered (in|with)|"
            "be decorated with) ({pattern}|{mark}) [on it]",
            "{the} (needs|gets|wants|could do with|could use) ({pattern}|{mark}) [on it]",
            "(let|make) {the} (have|wear|bear|get) ({pattern}|{mark})",
            "(decorate|paint|cover|fill|wrap|adorn|draw) {the} (with|in) ({pattern}|{mark})",
            "(paint|draw|put|add|stick) ({pattern}|{mark}) (on|onto|on to|to|over|across|in|all over) {the}",
            f"(shrink|reduce|enlarge|scale|blow|size|bump|grow|bring|take|set|make|resize|turn|increase|"
            f"decrease) {{the}} [(up|down)] to {_SIZED}",
            f"(shrink|scale|blow|size) (up|down) {{the}} to {_SIZED}",
            "(scale|resize|shrink|enlarge|grow) {the} (so that|so|until) (it is|they are) {size}",
            f"{{the}} (<must>|<may>) (be|come|be made|be resized to|be scaled to|be shrunk to|be enlarged "
            f"to) [(in|of)] {_SIZED}",
            f"<wish> {{the}} (in|at) {_SIZED}",
            f"(change|set|adjust|alter) the size of {{the}} (into|to|:) {_SIZED}",
            "the size of {the} <must> (be|become|be changed to) {size}",
            "{the} 's size <must> (be|become|be changed to) {size}",
            "make the size of {the} {size}",
            "<make> {the} {size} in size",
            "<change> the (pattern|texture|design) (of|on) {the} (to|into) ({texture}|{pattern})",
            "the (pattern|texture) (of|on) {the} <must> (be|become|be changed to) ({texture}|{pattern})",
            "(use|take|pick|choose|apply) {colour} (for|on|to) {the}",
            "<change> {the} (over to|so that it becomes|so it becomes|into) {adj}",
            "<change> {the} 's (colour|color) (over to|into|from that to) {colour}",
            "paint {the} over in {colour}",
            "{the} (looks|look) (better|best|nicer) (in|with) {colour} {so} {undone}",
            "the (colour|color) of {the} : {colour}",
            "{the} 's (colour|color) : {colour}",
        ),
    ),
    (
        "alter_from",
        (
            "{the} <must> (be|become) {adj} [,] (not|and not|rather than) {adj:old}",
            "(<make>|<wish>) {the} [to be] {adj} [,] (not|and not|rather than) {adj:old}",
            "{adj} is (what|how) {the} <must> be [,] (not|rather than|instead of) {adj:old}",
            "{the} (is|are) {adj:old} [(at the moment|now|currently|right now|just now|at present)] {so} "
            "(make it|turn it|it <must> be|change it to|i want it [to be]|i would like it [to be]|paint "
            "it|i would like it in) {adj} [instead]",
            "{the} (is|are) {adj:old} (at the moment|now|currently|right now|just now|at present) {so} "
            "{adj} is what (we agreed on|i want|we want|it <must> be|i asked for|i had in mind)",
            "(change|turn|switch) {the} {adj:old} to {adj}",
        ),
    ),
    (
        "complete",
        (
            f"{{the}} (has|is missing|is lacking|lost|has lost|misses|lacks) (a|its) [missing] {_PIECE} "
            f"[{_MISSING}] {{so}} {{mended}}",
            f"(there is a|a|one) {_PIECE} {_MISSING} (from|of|in|out of|on) {{the}} {{so}} {{mended}}",
            f"(there is a|a|one) {_PIECE} (is missing|is gone|has come off|came off|has broken off|has "
            f"gone) (from|of|in|off) {{the}} {{so}} {{mended}}",
            f"(there is a|a|one) {_PIECE} (of|from) {{the}} is (missing|gone) {{so}} {{mended}}",
            f"a {_PIECE} (is|has been) (cut|broken|bitten|missing) [(out|off)] (of|from) {{the}} {{so}} {{mended}}",
            f"(fill|fill in|add|draw|draw in|fix|put in|add back|complete|restore|give back|replace) the "
            f"(missing|lost|broken) {_PIECE} (of|to|in|on|from) {{the}}",
            f"put the missing {_PIECE} (of|from) {{the}} back",
            "{the} (is|are|looks) (broken|incomplete|chipped|damaged|unfinished|not whole|not complete) {so} {mended}",
            "{the} <must> be (finished|mended|patched up|filled in|made whole|made complete|patched|fixed up) [again]",
            "{the} (is|looks) (broken|incomplete|chipped|damaged) and <must> be (finished|mended|patched "
            "up|filled in|made whole|completed|repaired|fixed|restored)",
            "<hope> {the} (was|were|could be|would be|is) (whole|complete|repaired|mended|restored|"
            "completed|fixed|finished) [again]",
            "(someone|somebody|something) (has|is) (nibbled at|bitten|bitten into|taken a bite out of|"
            "broken|chipped|damaged) {the} {so} {mended}",
            "(someone|somebody|something) (nibbled at|bit|bit into|took a bite out of|broke|chipped) "
            "{the} {so} {mended}",
            "(get|have) {the} (fixed|repaired|mended|restored|completed)",
            "{the} (needs|wants) (mending|repairing|fixing|completing|restoring|finishing|patching up|a repair)",
            "(make|patch|fill|fix|finish) {the} (whole|complete|up|in|off) [again]",
            f"close [up] the {_PIECE} missing (from|in) {{the}}",
            "(give|restore) {the} (its|the) missing " + _PIECE,
            "(fill|close|mend|fix|patch) [up] the (hole|gap|notch|bite) (in|of) {the}",
        ),
    ),
    (
        "turn",
        (
            f"{{the}} (is|'s) (pointing|facing|looking) the wrong way {{so}} (it <must> {_POINTS}|make it "
            f"{_POINTS}|have it {_POINTS}|turn it [to {_POINTS}]) {{way}}",
            f"{{the}} (is|'s) (pointing|facing|looking) the wrong way {{so}} {{way}} is where it <must> {_POINTS}",
            "<wish> {the} to be (pointing|facing|looking) {way}",
            "<wish> {the} looking {way}",
            f"{{the}} (<must>|<may>) [(be made to|be turned so that it|be rotated to|turn to|turn and)] "
            f"{_POINTS} {{way}}",
            "{the} <must> be (looking|pointing|facing) {way}",
            "<hope> {the} (pointed|faced|looked|could point|could face|would point|would face|points|faces) {way}",
            "<hope> {the} (was|were|is) (pointing|facing|looking) {way}",
            "(have|let|make|get) {the} (pointing|facing|looking|to point|to face) {way}",
            "<rotate> {the} (so that|so) it is (pointing|facing|looking) {way}",
            f"(make|let|have|turn|rotate) {{the}} [so [that] it] [to] {_POINTS} {_WAYS_ROUND}",
            f"{{the}} <must> (be pointing|be facing|be turned) {_WAYS_ROUND}",
            "(give|do) {the} [by] {angle}",
            "{the} (wants|needs|gets|<must> (make|do|get|have|turn|rotate|be given|be turned by|be spun)) [by] {angle}",
            "(let|make|have) {the} (make|do|turn|rotate|spin) [by] {angle}",
            "<hope> {the} (made|did|was turned|was rotated|were turned|turned) {angle}",
        ),
    ),
    (
        "upside",
        (
            "(stand|put|turn|set) {the} on its head",
            "{the} <must> be (stood|put|turned|flipped) (on its head|upside down)",
            "{the} <must> (stand|go) (on its head|upside down)",
            "(have|get|make|let) {the} [be] [(flipped|turned|stand)] upside down",
            "<wish> {the} [(to be|turned|flipped)] upside down",
        ),
    ),
    (
        "match",
        (
            "one (of the {kinds}|{kind}) {unlike} {so} ({mended}|{undone}|{alike}|make them all (match|"
            "alike|the same|look alike))",
            "one (of the {kinds}|{kind}) {unlike} {so} {undone} so they all (match|look the same|look alike)",
            "(among|amongst|of) the {kinds} [,] [there is] one [that] {unlike} {so} ({mended}|{undone}|{alike})",
            "(make|have|find|change|let|correct|fix) the [one] {kind} that {unlike} {so} {alike}",
            "(correct|fix|mend) the [one] {kind} that {unlike}",
            "the {kind} that {unlike} <must> {resemble}",
            "(make|let|have) the (odd|different) [one] {kind} [out] (fit in|blend in|match|look right|"
            "look normal|{resemble})",
            "the (odd|different) {kind} [out] <must> {resemble}",
            "all [the] {kinds} <must> (look like the majority|be the same|look the same|be alike|look "
            "alike|be identical|match [each other])",
            "(make|let|have) (all [the]|the) {kinds} [all] (match [each other]|look like each other|look "
            "like the majority|look alike|look the same|"
            "uniform|identical|alike|look identical)",
        ),
    ),
    (
        "text",
        (
            "{the} [now] says {text}",
            "{the} : {text}",
            "<hope> {the} (said|read|showed|could say|would say|could read|says|reads) {text}",
            "{the} (<must>|<may>) (have the (text|word|number) {text}|be (saying|reading)|be given the "
            "(text|word|number)|carry|be relabelled|be relabeled) {text}",
            "(make|let|have) {the} (to say|to read|display|announce) {text}",
            "{the} <must> (display|announce|be made to (say|read)|now (say|read)|have {text} on it|bear "
            "[the (word|text|number)]) {text}",
            "(have|get|put|write|print|paint) {text} (on|onto|written on|printed on) {the}",
            "(put|write|print|paint) the (word|text|number|words) {text} (on|onto) {the}",
            "(relabel|label|re label) {the} [(as|with|to)] {text}",
            "<change> {the} so (that it reads|it reads|it says|that it says) {text}",
            "update {the} to (say|read|show) {text}",
            "(update|edit|rewrite|replace) the (text|words|word|writing|number|lettering) (on|of) {the} "
            "(to|with|by|so it says|so that it says) {text}",
            "(switch|set|change|update) {the} 's (text|word|writing|label|lettering) to {text}",
        ),
    ),
)
"""Changes of things and their looks, in colloquial words."""
