"""Pictures and tries that a trainee cannot see: the words for them break the training voice in any company but their topic's.

In: nothing. Out: `PICTURES`: lines of phrases, by the rule of `stages.voice_rules` that they break; topics are those of
`stages.voice_topics`. An attempt is a breach in a text without somebody who can make one.
"""

from collections.abc import Mapping
from types import MappingProxyType

PICTURES: Mapping[str, str] = MappingProxyType(
    {
        "attempts": r"""
his|her|their|_'s|_s' <nth>|<gone>? ~ attempt|attempts|attempted|re-attempt* ! <deeds>|robber*|heist|coup|film|bib|shelf|soup|lock
try before|so far|after
tries so far|have|failed|had|were|did|all|both|show|shows|missed
iteration|iterations|iteratively
re-run*|rerun|rerunning|resampl*|re-sampl*|re-generation|regeneration|re-edit*
trial|trials ! <trades>|tram*|garland*|ribbon
try|trying again
give|gives|giving|needs|deserves|take|takes it? another|one|a|second|more|new more? go|shot|try|chance|run|pass|round|attempt|
    look ! <sport>
another|one|a|second|third more|further|extra|final? pass|go|shot|chance|run|round|try + .|with|at|is|should|may|might|to|will|
    would ! <sport>|wrestl*
so far + .|managed|none|no|has|have|only|is|all|the - away|from|apart
/corrections/ ! <inks>
the|this|last|first|previous|after|despite|another|every|each|needed correction - of|fluid|pen ! <inks>
the|this|that|last|previous|first|earlier|attempted fix|fixes|repair|adjustment|adjustments|refinement|refinements worked|has|
    have|was|did|works|failed|went|introduced|made|is|solved|broke|left|helped|had
refinement|refinements|revision|revisions|reworking|re-work*|redrafting|re-draft* ! <school>|<print>|<papers>
it took <few> tries|attempts|rounds|goes
in|during|since|after the|their|its|my <nth>|last|previous round ! <sport>|wrestl*|ring|drinks|beer
fixed|corrected|changed|repaired|redrawn|repainted|adjusted|tried|moved once|twice|already|several|before|earlier + .|and|but|
    already|times|yet|now
already corrected|fixed|tried|corrected|resolved|adjusted|been|addressed|attempted
<trouble> <mended>
<trouble> from|in|of the|that|this previous|earlier|prior|preceding|last|first|initial|before
<trouble> has|have|had|is|are|was|were|remain|remains not|now|all|already|also? been? <mended>
<trouble> persist|persists|persisted|remain|remains|recur|recurs|reappear*|repeat|repeats|resurfac*|continues
remaining|recurring|persistent|persisting|repeated|unresolved|outstanding|new|lingering <trouble>
repeat|repeats|repeated|repeating|reproduc* the|this|that|same|an? same|old|earlier? <trouble>
avoid|avoids|avoiding|correct|fix|fixing|correcting|address|addressing the|this|that|all|these previous|prior|earlier|same|
    above|noted|identified|named|listed|mentioned|remaining? <trouble> + .|made|of|noted|identified|above|in|from|where|while|
    named|listed|mentioned
has|have|had|is|are|was|were not|still|yet|yet|never? been? yet? fixed|resolved|addressed|rectified|remedied ! <inks>
has|have|had|is|are not|now|finally|all|already|since? been corrected ! <inks>
yet to be corrected|fixed|addressed|resolved|added|drawn|made
uncorrected|unresolved|unfixed|unaddressed
improve|improves|improved|improvement|improvements|improving on|upon|over
improved|improvement|better|worse|worsened|deteriorated|regressed since|compared|relative
much|slightly|greatly|clearly|vastly|somewhat|significantly|noticeably|has|have improved ! engine
has|have|had|not|slightly|also deteriorated|regressed|worsened|improved
got|gets|getting|become|becomes|became|made|makes things|it|this|matters|much|even? worse|better + .|but|and|than|now|with|in|
    on|here|again
a|no|some|clear|real|little progress|regression + .|is|has|was|in|on|over|from|since|compared
progress has been|is|was
better|worse|sharper|clearer|closer|darker|brighter|larger|smaller|cleaner|more _? than before|earlier|previously
than|unlike|like before|earlier|previously
as|the|day|night|year|evening|week|morning|moment|never|ever|long|hours|years|seen|just|shortly ~ before|previously + . ! <rows>
since then
better|worse|nicer|cleaner|sharper now
correct|right|wrong|there|fine|good|present|visible|legible before + .|but|and|so|too|now|this|then|is|was
<trouble> from before
already works|worked|correct|right|fixed|done|good
a|one|any new|different|fresh|further|additional|second <trouble> + .|has|have|was|is|came|now|appeared|here|instead|such|like
^ earlier|previously|initially|formerly + .|the|a|an|it|i|this|there|his|her|its
before that + .
i made|drew|failed|forgot|missed|misread|misplaced|overlooked|did|didn't|had|was|generated|produced|rendered|lost|tried|
    misunderstood|ignored|misspelled|added|omitted
i|i've have? made|drawn|failed|forgotten|missed|misread|misplaced|overlooked|generated|produced|rendered|lost|tried|added|fixed|
    corrected|now
my previous|earlier|last|first|next|new|image|picture|drawing|output|edit|version|result|work|mistake|error|plan|analysis|
    critique
revert*|restor* the? to|back|former|previous|earlier|original|old composition|version|state|layout|framing ! source
roll*|rolling back
return|going|go|goes|come back? to the|an? version|earlier|state|original|first|previous|former|composition|layout
since the last|previous|first|earlier
<flaw> again + .|and|but|in|here
^ again|once the|a|an|it|this|no|there|more|again|only|its|his|her
^ once|yet|here again|more
still|again no|<ruined>|not|lacks|lack|fails|misspelled|incorrect|incorrectly|unreadable|illegible|absent|incomplete|
    unfulfilled|needs|need|unmet
still has|have|shows|contains|only|reads six|seven|four|three|two|five|one|no|the|wrong|only|extra|too
no longer <ruined>
no|not any? longer|more <ruined>
now correct|correctly|fixed|properly|legible|better|resolved|finally|at|accurate|accurately|matches|matching
finally correct|right|there|legible|present|visible|matches|appears|has|shows|got|reads
has|have returned|reappeared
has|have come back
has|have been restored|reintroduced
it|that|this|had|was|were|right|fine at first
is|are back + .|in|again|on|at ! <sport>
went|goes|dropped|fell|rose|changed from <number> to <number>
this|last|first|third|second|current|each|every|next|fourth time|iteration|run|round|turn + . ! <sport>|wrestl*
fresh|new|clean start + .|is|would|with|should
start|starting|begin over|afresh|anew|from scratch
""",
        "unseen": r"""
previous|prior|preceding|earlier|initial|initially|original|latest|current|subsequent|following|last|next|failed|first|second|
    third|final|single|direct|one-shot|single-shot|single-step|one-step|full|whole|new|second-to-last|newest generation|
    generations|render|output|outputs|result|results|draft|drafts|redraw|state - of a|water|factory|family|people|women|men !
    <ovens>
previous|prior|preceding version|versions|image|images|picture|pictures|edit|edits|one|ones|photo|variant|scene|step|steps|
    composition|state|layout|pose|frame|reason|reasons|remark|remarks|finding|findings|analysis|plan|check - of the|stair* !
    stairs|comic|ladder|dance*|film
for|in the|my|your next|new|last image|picture + .|begin|draw|should|it|i|has|had|is|was ! wall|gallery|album|museum|frame*|row
earlier|later|last|direct|initial|latest|newest|updated|revised|current|regenerated|refined|reworked|superseded|modified|
    re-edited|redone|redrawn|corrected|improved|edited|new|final|intermediate|abandoned|discarded|rejected|unsuccessful|
    successful version|edit|edits|picture|image|images|pictures|rendering|variant|branch|path - of|on|in the|album|that|hang*|
    frame*|sequence|from the ! wall|tree|gallery|album|museum|frame*|bird*|fridge|exhibition|shelf
this|the|that|current version|draft|rendition|variant|rendering|candidate|redraw|take - of + .|shows|lacks|drops|has|keeps|
    forgets|loses|lost|adds|still|also|omits|misses|is|gets|fails|improves|looks|contains|ignores|removes|does|was|moved|
    changes|changed|preserves|fixes ! <sheets>|<elections>
candidate|candidates ! <elections>|<papers>
candidate|option|version|variant|choice|picture|image|sample|edit|result|output /(?-i:[A-D])\b/
candidate|option|variant|output|sample|generation|render|edit|result|rendition number? <number> ! bus|menu|<elections>
<few> candidates|variants|versions|options|renditions|outputs|alternatives ! <elections>
chosen|selected|winning|preferred|competing|alternative|better|best|stronger|weaker|losing|other image|version|variant|
    candidate|edit|rendition|result|option|render|output
generated ! <ovens>
generated|synthesized|synthesised|produced|rendered|output|resulting|edited|regenerated|submitted|resultant image|images|
    picture|pictures|photo|scene|output|outputs|version|text|content|result|figure|face|hand|hands|sample
the output|outputs - jack|<thing> ! <works>|guitar
output|outputs does|shows|lacks|has|contains|is|fails|should|must|matches|omits|looks|deviates|keeps|image|picture|include* !
    <works>
uploaded|provided|supplied|submitted|given|attached image|images|picture|pictures|photo|photos|photograph|reference|references|
    input|inputs|file|files
image|images|picture|pictures|photo|photos|reference|references|input|inputs provided|supplied|uploaded|attached|submitted|
    shown earlier? above|for|in|as|by|. - the? wall|tag
the|an? above|below|preceding|following|foregoing|aforementioned image|picture|analysis|instruction|text|plan|reason|
    description|remarks|points|prompt|notes|critique|issues|problems|errors|steps|list|example|explanation|list|remark|feedback|
    request|findings
above|earlier|previous|prior analysis|feedback|critique|remarks|findings|description|diagnosis
image|images|picture|pictures|version|versions|photo|photos is|are|were|was compared|better|preferable|preferred|superior|worse|
    chosen|selected|rejected|accepted
which|that|this the <nth> corrects|fixes|mends|lacks|loses
the version with|from|that|where|without ! song|<sport>|logo|flag
former|earlier|original composition|layout|arrangement|framing|pose
the|either|each better|best|worse|worst|stronger|weaker|latter|former of the two|three|four|both
both|neither|either|all of? the|these|two|three? images|pictures|versions|results|outputs|variants miss|lack|show|fail|have|
    contain|are|omit|misses|lacks|shows|has|is|get|keep|share ! wall|album|gallery|frame*
was|were|been not? selected
not selected|chosen|kept|used + .
end|top|bottom|beginning|rest of the list|sequence|conversation|request|thread|series ! shopping|paper|chalk*
images|pictures|photos|files sent|shared|passed
between the|these|both two|images? images|pictures|versions + .|the|it
the|that|this|last|first|second|final|an|one edit|edits|editing + was|were|is|failed|fails|broke|undid|removed|changed|lost|
    left|kept|moved|has|did|made|also|went|should|smudged|added|turned|touched|introduced|does|ignored|misplaced|preserves|
    misses|looks
one version and|to|or
as|was|were already? shown|seen|described|said|stated|explained|noted|mentioned|requested above|earlier|previously|before
images|pictures|photos|image|picture|photo in|of|from the|this|my message|prompt|request|chat|conversation
preferable|superior to|because|since|as|for
is the input|edit|output|generation|result - of
shown|seen|drawn|given|made|generated earlier|previously|before + .|has|had|was|is|in|by ! bridge
before|after the|this edit|editing|change|changes|correction|fix|redraw|generation
last|previous|prior|preceding step|steps|stage|change|edit|move|round|turn|phase - of|up the|to|stair*|on|down ! <bouts>|stair*|
    ladder*|altar|
    staircase|dance*|dancer*|rocket|porch|pedestal
dead end|ends ! street*|road|alley|train*|railway|maze|lane
pruned|discarded|abandoned|rejected|dropped|failed|removed|superseded|dead step|steps|path|paths|chain|subtask|
    idea|sub-task|part|version|node|nodes|try|edit|plan ! tree*|garden*|hedge|orchard|river|railway|rose
""",
    }
)
"""Lines of phrases, by the name of the rule."""
