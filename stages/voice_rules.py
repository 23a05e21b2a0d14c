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
from stages.voice_makers import MAKERS
from stages.voice_pictures import PICTURES
from stages.voice_search import SEARCH
from stages.voice_talk import TALK
from stages.voice_topics import TOPICS
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
<owner> ~ <this>|<nth>|<gone>|<few> attempt|attempts - to|at the|a|an? <feat> - of
attempt number|no? <number>
an|a attempt at|to _? the|this instruction|task|edit|step|prompt|request|picture
^ attempts - to
step's|round's|model's|generator's|edit's|task's <nth>|<gone>? attempt|attempts|try|tries
/(?:attempt|try|iteration|round)'s/
round|rounds|attempt|try before + .|was|had|this|it
previous|earlier|prior|last reflection|reflections - of|in|on
<nth> generation - of|car|phone|model|owner
after|despite|of|from|by|with attempts - to|at
tried again|before|twice|already + .|and|but|because|with|the
failed twice|again|before|repeatedly|thrice
seed|sample /\d+/
attempted edit|change|repair|removal|redraw|correction
<owner> ~ this|that|my|our|your|another|each|every|<nth>|<gone> try - to|line
<owner> ~ the|these|those|<few>|<nth>|<gone> tries - to|and|on|out|her|his|its|their|hard|for|not
the try - to|line
in|of|from|on|after the|a|an? <nth>|previous|earlier|last|prior|another trial|run|go|take + .|<went>|the|it
<nth> version|versions|take|cut|rendition|trial - of ! clapper*|director*|film*
<nth> go - of ! <sport>
try <number>
try|trying it|this? again|anew|once more?
retry|retries|retried|retrying ! jump|jumps|vault*|leap*
re-roll*|reroll*|regenerat*|re-generat*|redo|redone|redid
^ round <number> - o'clock|stone*|window*|table*|hole*|knob*|button*|plate*|ball* !
    <bouts>
in|of|after|from|during|since|until|by|before|at|like|unlike|than|and|reflection|refinement|editing round <number> - o'clock|
    stone*|window*|table*|hole*|knob*|button*|plate*|ball* ! <bouts>
<nth>|<gone>|this|that|each|every|another|extra reflection|refinement|editing|correction? round|rounds + .|<went>|and|but|the|
    it|with|to|before|ago|because|so|i|we|you|they|he|she|there|both ! <sport>|wrestl*|drinks|beer|ring
<nth>|<gone>|this|that|each|every|another|<few> round|rounds of reflect*|refin*|correct*|edit*|redraw*
after|over|across|<few> _? rounds + .|ago|earlier|failed|had|did
reflection chain|round|rounds|step|<number>
<this>|<nth>|<gone> iteration|iterations
iteration <number>
this time - of
last time
the time before + .
previous|earlier|prior|another|second|third pass + .|<went>
previous|earlier|prior|preceding|current|next|later round|rounds - of
previous|earlier|prior|last|same mistake|mistakes|error|errors|failure|failures|correction|corrections|fix|fixes - of
failed step|steps
step <number>? failed|passed|passes
with|using|from|use|take a|an? different|new|another|other|random|fresh random? seed - packet*|pod*|head*
pruned try|tries|attempt|branch|image|picture|version|step|chain|path
"""
_UNSEEN = r"""
<past> <drawn>? <shown> - of
previously|earlier generated|drawn|produced|rejected|made|shown|seen|accepted|edited|redrawn|tried|attempted
last <drawn>? <shown> - <place>
last image|picture|photo|images|pictures in|of the sequence|request|list|series|message|input|chain|conversation
the|a|one _? picture|image|photo|one|version|output|result|pictures|images shown|seen|made|drawn? just|right|immediately|
    directly? before + .|it|this|that|had|was|were|showed|has|looked|if ! <rows>
<nth> attached|generated|made|drawn|produced|rejected|uploaded <shown>
<nth> output|outputs|draft|drafts|render|renders|rendering|edit|edits|redraw|redraws|result
attached _? image|images|picture|pictures|photo|photos|photograph|photographs|reference|references|file|files|input|inputs
attachment|attachments - point|points|to ! vacuum|hose|mixer|drill|tractor|nozzle|lens
picture|pictures|image|images|photo|photos|reference|references that|which? is|are|was|were? attached - to|by|with|on|at|
    beside|above
than|as|like|unlike|from|in|since|to|with|of the previous|earlier|prior|preceding|last|rejected|failed one|ones ! later|row|museum
image|picture|version generated|made|drawn first|earlier|before|previously
i was|am given|shown|sent
<nth> image|picture|images|pictures generated|made|produced
picture|image|version|one that|which came|stood|was|were before|earlier|first + .|it|this|shows|showed|had|has
^ previously
attached above|below|here|as|last|first|second|third
this|first|second|third|best candidate + .|has|shows|lacks|keeps|is
uploaded|sent image|images|picture|pictures|photo|photos|file
image|images|picture|pictures|photo|photos you|they|we sent|attached|uploaded|gave|provided
image|picture|version|edit|one that failed|passed
attached to this|the message|request|prompt
the _? attached + .
picture|pictures|image|images|photo|photos shown|given|supplied|sent? above|below - <det>
of the <few>? candidates + .|this|it|only|none
candidate image|images|picture|pictures|output|outputs|result|edit
the|this|that redraw|regeneration|rerun
as already? mentioned|noted|stated|described|listed|said|explained|named|seen above|below|earlier|before|previously|already
<doc> listed|mentioned|named|given|noted|described|stated? above|below - <det>
see|listed|described|named|mentioned|stated above|below + .
aforementioned|above-mentioned|abovementioned
/(?:pictures?|images?|photos?|references?)\(s\)/
before|after the <nth>|last|previous|second-to-last|other one + .|is|are|was|were|had|has|have
picture|image|photo|pictures|images|photos sent|given|supplied|provided|included with|in the|this|my|your message|request|prompt|
    input
"""
_JUDGING = r"""
<verdict> above|below - <det>
<verdict> given|provided|before + .|<says>|that|which|is|was
^ <verdict> + .
my <verdict>|score|scores|rating|grade
the|this review says|said|notes|noted|found|finds|asks|asked|complain*
the|these|its comments|remarks say|said|ask|asked|point|mention
the|this complaint|objection is|was|about|that
as a|the|an judge|critic|evaluator|reviewer|grader
asked|told|supposed|meant to judge|evaluate|score|rate|review|assess|grade
i|we would|will|must|have|can|cannot|could|might? to|only? rate|score|grade|judge|mark|evaluate
previous|prior|earlier|first|second|above|preceding|given|failed|failing|attached|original|poor|low|harsh <verdict> - <form>
the judging
i scored|rated|graded
rated quality|instruction|consistency
too low|poor|weak|bad to pass
the|our judge|judges /(?!wears|sits|stands|holds|looks|has|is|was|lifts|raises|walks|smiles|leans|seated|points|reads|enters|
    bangs)\w+(?:s|ed)/ - <court>
to be judged|evaluated|scored|rated|assessed
under review|evaluation|judgement
second opinion
satisfy|please|convince the <judges>
rating|ratings for|on <axis>
/[1-5]/ of 5|five + .
marked|labelled|flagged as failed|failing|passed|wrong|bad
picture|image|edit|result|this fails|failed|passes|passed + .|because|on|since|overall
be accepted|rejected|discarded|resubmitted + .|because|for|by|as|since
according|per|based|following|from|given|see to|on? the|this|its? <verdict>|<judges>|review|score|scores|rating
noted|stated|said|named|described|requested|listed|pointed|mentioned|found|asked|written|required|flagged|marked|criticized|
    criticised out? in|by the|this? <verdict>|<judges>|review
the|a|an|our|first|second|both|all|human|strict <judges> <says> - <court>
gas|spectrum|blood|air|road|motor|the ~ the|an|our|both|human|second evaluator|grader|rater|annotator|analyzer|analyser - on|
    in|beside
/(?:judge|critic|reviewer|evaluator|analy[sz]er|grader|rater|assessor)'s/ score|verdict|reason|reasons|comment|comments|
    remark|opinion|view|complaint|note|word|words|feedback|rating|finding|findings
by the judge|judges - sit*|stand*|bench
was|were|is|been|being|got|as judged|evaluated|assessed|graded - with|into|along|deeply|across
is|was|be|been|gets penali*
judged as|to|too|bad|good|wrong|below|insufficient
/(?:scores?|instruction|consistency|quality|knowledge)\s?[:=]/ /[1-5]/
<axis> /[1-5]/ + .|because|since|as
low|poor|bad mark|marks + .|for
low|poor|failing|passing|bad|high grade|grades
<verdict>|grade|score|rating of|at /[1-5]/
the|its|these|all|both scores - on|at|of
the|its|this score is|was too|only|low|high|still|below|above|lower|higher|better|worse|not
threshold|thresholds for
a clear|full|bare|certain pass|fail|failure + .|on|for|because
^ pass|passed|fail + .
fail|fails|failed|failing the|this|its _? check|test|evaluation|review|judgement
point|points is|are|was|were lost|deducted|taken|docked|off
loses|lost|docked|deducts|deduct points
score|scores /(?:of|is|was|were|at|as|only|just|a|=|:)/? /(?:only|just|a)/? /[1-5](?!\s?[-:–]\s?\d)/ - to|goal*|point*|run*
low|lower|lowest|poor|failing|bad|perfect|full|overall|axis|weak|good|high|higher|<axis> score|scores - board|card|line|sheet|on
score|scores for|on|in the? <axis>|axis|axes|picture|image|result
drops|drop|lowers|lower|lowered|raise|raises|costs|affects|reduces|justif*|hurts|brings|pulls|improve|improves|keeps|limits
    down? the|its|this|a _? score|scores
scores|scored|scoring|score this|it|the? picture|image|result? only|just|a|an? low|high|well|poorly|badly|full|below|perfect|
    lower|higher|better|worse + .|on|for|in|because|than|here|since|and|but
scores|scored|scoring|score this|it|the? picture|image|result? only|just|a|an? /[1-5](?!\s?[-:–]\s?\d)/|<number> - goal*|
    point*|run*|basket*|try|tries|times
the|this|its score|scores dropped|drop|fell|rose|given|suggest*|stay*|remain*|reflect*|should|must|would
rated|graded|marked|ranked a|as|only? /[1-5]/|low|lower|high|poor|down|below
rating of /[1-5]/
low|poor|high|overall rating|ratings
give|gives|gave|giving|given it|this|the? picture|image|result? only|just? a|an? /[1-5]/ + .|for|on|out|because|here|since
/[1-5]\s?\/\s?5/ - of
/[1-5]/ out of 5|five + .|for|on|in
deserves|earns|gets|receives|merits|deserve|earn|get only|just|no? more? than? a|an? /[1-5]/ + .|for|on|out|because|since|
    here|as
full|top|perfect marks
below|above|under|reach|reaches|reached|meet|meets|met|pass|passes|passed|miss|misses|missed|clears|at|of|for the|its|a|
    this|every|required? required|quality|pass|passing|acceptance|axis|score|<axis>? threshold|thresholds|cut-off|cutoff - of|
    to|at|stone|step
threshold|thresholds of|is|was /[1-5]/
quality|pass|passing|score|acceptance|<axis> threshold|thresholds
pass mark|grade ! sheet|exam*|licence|license|driving
<axis> axis|axes|criterion|rating|dimension|check
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
the|this ai|image|drawing|painting|editing? <maker> also|again|still|only|just|often|simply? <made>
the|this <maker> <may> not|never|also|only|always? <draw>
<other> model|generator + .|would|will|may|might|can|could|<made>
too complex|hard|difficult|long|much for the|a|this|any <maker>
the|this prompt was|is too
<modelled> model|models|network - car|train|ship|plane|railway
model|generator|system under test|evaluation|review
the system|prompt|user asks|asked|wants|wanted|told|expects|requires
image|baseline|picture generator
by the <maker>
output|image|picture|result|work|drawing|mistake of|from|by the|a <maker> - of|on|in|at
llm|vlm|mllm
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
let|ask|tell|prompt|instruct the <maker> ! runway|catwalk|photographer*|pose|poses
have|make the <maker> ! <figures>|<power>
the trainee
as|i'm the generator|baseline|model|assistant
i am the generator|baseline|model|assistant
my role
"""
_ADDRESS = r"""
you|you've|you'd|you'll <must>
make|be sure that? you
you /(?!asked|wanted|requested|wished|mentioned|described|named|specified|need)\w+ed/
image|picture|version you made|drew|gave|sent
your last|previous|new|next|first|own|current? <shown>|attempt|work|answer|try|reply|response|mistake|drawing
"""
_FORM = r"""
<codes>
error type
the|this|your|my failure|improvement analysis|plan
system|judge|judging prompt
prompt template
rewrite|shorten|simplify|rephrase|split the prompt
the question above
user|system|first|last|second message
the|this request|prompt|message contains|includes|holds|comes|lists
here|below is|are the|my corrected|revised|improved|evaluation|answer|judgement|scores|plan|reply
^ sure|certainly|okay + .
training data|set
data set|dataset
json
/(?:request|prompt|message|reply|answer)'s/ _ - of
analysis|plan|explanation|critique|reason|reasons|feedback given|made|stated|written|offered before|earlier|above|previously
ground truth
this|the sample passes|fails|failed|passed|should|was
the|this|required|requested json|schema|output format
previous|earlier|first|last reply|answer|response|message
previous|earlier|old|original plan - of|view
the|this|that reply|response|answer above|below|was
the reflection|diagnosis said|says|asked|asks|planned|suggest*|named|names|wanted|found
see the request|prompt|plan
a|the|one|valid|as json
json object|reply|answer
/[GER]_\d/
"""


def _phrases(name: str, lines: str) -> tuple[Phrase, ...]:
    """The phrases of `lines`, and the words that break the rule `name` in any company but their topic's."""
    anywhere = "".join(room[name][1:] for room in (PICTURES, MAKERS, SEARCH, TALK) if name in room)
    return phrases(lines + anywhere, {**SETS, **TOPICS})


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "attempts": Rule("speaks of attempts, tries or rounds", _phrases("attempts", _ATTEMPTS)),
        "unseen": Rule("points to a picture or a text that cannot be seen", _phrases("unseen", _UNSEEN)),
        "judging": Rule("speaks of judges, scores, axes, thresholds or verdicts", _phrases("judging", _JUDGING)),
        "roles": Rule("speaks of a model, by its name or its role", _phrases("roles", _ROLES)),
        "address": Rule(
            "speaks to somebody instead of saying what is seen or what to do", _phrases("address", _ADDRESS)
        ),
        "form": Rule("speaks of the form of requests and replies", _phrases("form", _FORM)),
        "length": Rule(f"is not one line of 1 to {MOST_SENTENCES} sentences and at most {LONGEST} characters"),
    }
)
