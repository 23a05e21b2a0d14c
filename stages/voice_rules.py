"""The rules of the training voice: which turns of phrase break it, each in the company that makes it a breach.

In: nothing. Out: `RULES`, by name. What a trained text says, the trained model will say as its own: in the first person or
neutrally, about what is seen and what to do. A word alone says little ("the judge's gavel", "a round table", "the last window"), so
a phrase takes its neighbours in, and leaves out what pictures show. The phrases are English; texts in other languages are held to
their length alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from stages.phrases import Phrase, phrases
from stages.voice_words import SETS

LONGEST = 400
"""Characters of a text, at most."""
MOST_SENTENCES = 3


@dataclass(frozen=True, slots=True)
class Rule:
    """`says`: what is wrong with a text that breaks it, in a few words."""

    says: str
    phrases: tuple[Phrase, ...] = ()


_ATTEMPTS = r"""
<owner> ~ <this>|<nth>|<gone>|<few> attempt|attempts - to|at the|a|an? <feat>
attempt number|no? <number>
an|a attempt at|to _? the|this instruction|task|edit|step|prompt|request|picture
^ attempts - to
<owner> ~ this|that|my|our|your|another|each|every|<few>|<nth>|<gone> try|tries - to|and|on|out|her|his|its|their|hard|for|
    not|line
the <nth>|<gone>? try|tries - to|and|line|scor*
try <number>
try|trying it|this? again|anew|once more?
retry|retries|retried|retrying|re-roll*|reroll*|regenerat*|re-generat*|redo|redone|redid
^ round <number> - o'clock|stone*|window*|table*|hole*|knob*|button*|plate*|ball*
in|of|after|from|during|since|until|by|before|at|like|unlike|than|and|reflection|refinement|editing round <number> - o'clock|
    stone*|window*|table*|hole*|knob*|button*|plate*|ball*
<nth>|<gone>|this|that|each|every|another|extra reflection|refinement|editing|correction? round|rounds + .|<went>|and|but|the|
    it|with|to|before|ago|because|so
<nth>|<gone>|this|that|each|every|another|<few> round|rounds of reflect*|refin*|correct*|edit*|redraw*
after|over|across|<few> _? rounds + .|ago|earlier|failed|had|did
reflection chain|round|rounds|step|<number>
<this>|<nth>|<gone> iteration|iterations
iteration <number>
this time - of
last time
the time before + .
previous|earlier|prior|another|second|third pass + .|<went>
with|using|from|use|take a|an? different|new|another|other|random|fresh random? seed - packet*|pod*|head*
pruned try|tries|attempt|branch|image|picture|version|step|chain|path
"""
_UNSEEN = r"""
<past> <drawn>? <shown> - of
previously|earlier generated|drawn|produced|rejected|made|shown|seen|accepted|edited|redrawn|tried|attempted
last <drawn>? <shown> - <place>
last image|picture|photo|images|pictures in|of the sequence|request|list|series|message|input|chain|conversation
the|a|one _? picture|image|photo|one|version|output|result|pictures|images just|right|immediately|directly? before + .|it|
    this|that|had|was|were|showed|has|looked|if
<nth> attached|generated|made|drawn|produced|rejected|uploaded <shown>
<nth> output|outputs|draft|drafts|render|renders|rendering|edit|edits|redraw|redraws|result
attached _? image|images|picture|pictures|photo|photos|photograph|photographs|reference|references|file|files|input|inputs
attachment|attachments - point|points|to
picture|pictures|image|images|photo|photos|reference|references that|which? is|are|was|were? attached - to|by|with|on|at|
    beside|above
than|as|like|unlike|from|in|since|to|with|of the previous|earlier|prior|preceding one|ones
picture|pictures|image|images|photo|photos shown|given|supplied|sent? above|below + .
the|this|that redraw|regeneration|rerun
as already? mentioned|noted|stated|described|listed|said|explained|named|seen above|below|earlier|before|previously|already
faults|issues|problems|reasons|errors|mistakes|defects|remarks|points|notes|list|text|flaws|analysis|plan|explanation|
    instruction listed|mentioned|named|given|noted|described|stated? above|below + .|are|were|and|must|should|have|remain|is|
    says|asks|names|lists|needs|calls
see|listed|described|named|mentioned|stated above|below + .
aforementioned|above-mentioned|abovementioned
"""
_JUDGING = r"""
<verdict> above|below|given|provided|before + .|<says>|that|which|is|was
previous|prior|earlier|first|second|above|preceding|given|failed|failing|attached|original|poor|low|harsh <verdict> - <form>
last ~ the|this|that|its|my|a|your|each judgement|judgment|feedback|critique|assessment|appraisal - <form>
the|this|that|each|my evaluation|evaluations - <form>
the|this verdict - reads|<form>
according|per|based|following|from|given|see to|on? the|this|its? <verdict>|<judges>|review|score|scores|rating
noted|stated|said|named|described|requested|listed|pointed|mentioned|found|asked|written|required|flagged|marked|criticized|
    criticised out? in|by the|this? <verdict>|<judges>|review
the|a|an|our|first|second|both|all|human|strict <judges> <says> - <court>
gas|spectrum|blood|air|road|motor|the ~ the|an|our|both|human|second evaluator|grader|rater|annotator|scorer|analyzer|
    analyser - on|in|beside
/judge's/ score|verdict|reason|reasons|comment|comments|remark|opinion|view|complaint|note|word|words|feedback|rating|finding|
    findings
by the judge|judges - sit*|stand*|bench
was|were|is|been|being|got|as judged
judged as|to|too|bad|good|wrong|below|insufficient
score|scores /(?:of|is|was|were|at|as|only|just|a|=|:)/? /(?:only|just|a)/? /[1-5](?!\s?[-:–]\s?\d)/ - to|goal*|point*|run*
low|lower|lowest|poor|failing|passing|bad|perfect|full|overall|axis|weak|good|high|higher|<axis> score|scores - board|card|
    line|sheet|on
score|scores for|on|in the? <axis>|axis|axes|picture|image|result
drops|drop|lowers|lower|lowered|raise|raises|costs|affects|reduces|justif*|hurts|brings|pulls|improve|improves|keeps|limits
    down? the|its|this|a _? score|scores
scores|scored|scoring|score this|it|the? picture|image|result? only|just|a|an? /[1-5](?!\s?[-:–]\s?\d)/|low|high|well|poorly|
    badly|full|below|perfect|lower|higher|<number> - goal*|point*|run*|basket*|try|tries|times
the|this|its score|scores dropped|drop|fell|rose|given|suggest*|stay*|remain*|reflect*|should|must|would
rated|graded|marked|ranked a|as|only? /[1-5]/|low|lower|high|poor|down|below
rating of /[1-5]/
low|poor|high|overall rating|ratings
give|gives|gave|giving|given it|this|the? picture|image|result? only|just? a|an? /[1-5]/ + .|for|on|out|because|here|since
/[1-5]\s?\/\s?5/ - of
/[1-5]/ out of 5|five + .|for|on|in
deserves|earns|gets|receives|merits|deserve|earn|get only|just|no? more? than? a|an? /[1-5]/ + .|for|on|out
full|top|perfect marks
below|above|under|over|reach|reaches|reached|meet|meets|met|pass|passes|passed|miss|misses|missed|clears|at|of|for the|its|a|
    this|every|required? required|quality|pass|passing|acceptance|axis|score|<axis>? threshold|thresholds|cut-off|cutoff - of|
    to|at|stone|step
threshold|thresholds of|is|was /[1-5]/
quality|pass|passing|score|acceptance|<axis> threshold|thresholds
pass mark|grade
<axis> axis|axes|criterion|rating|dimension|check
rubric|rubrics
the|all|every|each criteria|criterion
all|every|each|failed|failing|applicable|remaining|three|other|this|that|which of? the? four? axes|axis - of
fail|fails|failed|failing|pass|passes|passed|weak|strong on|in|for the? <axis> + .|because|and|since|as
not|don't|didn't|doesn't|won't|cannot pass + .|because|as|since|for|on|the test|the check|the threshold|the evaluation|the
    review|review
pass|passes|passed all|every|the|each _? check|checks|evaluation|axes|criteria|judgement
the final check
turned down for|because|as|since|by
was|were|been|got|is|being rejected|disqualified
was|been|is|be accepted + .
lose|loses|lost|deduct|deducts|deducted|costs it|this? a|one|two|half? a? point|points
"""
_ROLES = r"""
the|this <maker> also|again|still|only|just? <made>
<modelled> model|models|network - car|train|ship|plane|railway
image|baseline|picture generator
by the <maker>
model's|generator's|baseline's output|image|picture|result|attempt|try|rendering|render|understanding|drawing|generation|edit|
    mistake|fault|error|version|work
baseline output|image|picture|result|attempt|try|version|drawing|draft
as an|a ai|assistant|model
ai-generated
stable diffusion
midjourney|chatgpt|kontext|dall-e|dalle
/gpt-?\d\w*/
/qwen[\w.-]*/
/flux\.\d[\w.-]*/
/emu\d[\w.-]*/
gemini /\d[\w.]*/|pro|flash|made|drew|failed|generated
let|ask|tell|have|make|prompt|instruct the <maker>
the trainee
"""
_ADDRESS = r"""
you|you've|you'd|you'll <must>
your last|previous|new|next|first|own|current? <shown>|attempt|work|answer|try|reply|response|mistake|drawing
"""
_FORM = r"""
<codes>
error type
the|this|your|my failure|improvement analysis|plan
system|judge|judging prompt
prompt template
the question above
previous|earlier|first|last reply|answer|response|message
previous|earlier|old|original plan - of|view
the|this|that reply|response|answer above|below|was
the reflection|diagnosis said|says|asked|asks|planned|suggest*|named|names|wanted|found
see the request|prompt|plan
a|the|one|valid|as json
json object|reply|answer
/[GER]_\d/
"""

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "attempts": Rule("speaks of attempts, tries or rounds", phrases(_ATTEMPTS, SETS)),
        "unseen": Rule("points to a picture or a text that cannot be seen", phrases(_UNSEEN, SETS)),
        "judging": Rule("speaks of judges, scores, axes, thresholds or verdicts", phrases(_JUDGING, SETS)),
        "roles": Rule("speaks of a model, by its name or its role", phrases(_ROLES, SETS)),
        "address": Rule("speaks to somebody instead of saying what is seen or what to do", phrases(_ADDRESS, SETS)),
        "form": Rule("speaks of the form of requests and replies", phrases(_FORM, SETS)),
        "length": Rule(f"is not one line of 1 to {MOST_SENTENCES} sentences and at most {LONGEST} characters"),
    }
)
