"""Praise on the axis `consistency`. In: nothing. Out: templates; `facts` fills their slots with what is in the scene.

{kept} is a thing that was not to change, {kept_list} are two or three, {kept_count} all of them; {same_ground} and {same_light}
did not change; {loan} comes from {loan_picture}; {free} is a place that is as empty as it was.
"""

KEPT = (
    "{kept} is as it was",
    "{kept} has not moved, and it kept its colour and size",
    "nothing happened to {kept}",
    "I see {kept} unchanged",
    "{kept} was not to change, and it is untouched",
    "what the words leave alone is left alone, {kept} for one",
    "{kept} still stands there, the same in every way",
    "of what should stay, {kept} has stayed",
    "place, colour and size of {kept} are the same",
    "no change has spilled over to {kept}",
    "{kept} looks the same as in the picture that was to be changed",
    "the words spare {kept}, and so does the picture",
    "I checked {kept}: it is where it was, and as it was",
    "{kept} on its {same_ground} ground is untouched",
    "{kept} bears no sign of the change",
    "{kept} kept its place",
    "not a thing that was to stay has changed; {kept} is an example",
)
SEVERAL = (
    "{kept_list} are as they were",
    "{kept_list} have kept their places and looks",
    "I see {kept_list}, none of them changed",
    "the words do not touch {kept_list}, and these are untouched",
    "{kept_count} that were not to change are the same",
    "{kept_count} had to stay as they were, and they did, among them {kept}",
    "neither {kept} nor {kept_other} has changed",
    "{kept} and {kept_other} are both where they were",
    "I count {kept_count} that stayed the same, {kept} and {kept_other} among them",
    "{kept} stayed, and so did {kept_other}",
)
EMPTY = (
    "{free} it is as empty as it was",
    "nothing new has turned up {free}",
    "{free} I find nothing, and there was nothing",
    "the empty place {free} was left empty",
    "nothing was added that nobody wanted: {free} there is only ground",
    "besides what is named nothing was added, neither {free} nor elsewhere",
)
GROUND = (
    "the {same_ground} background is the same",
    "the ground is still {same_ground}, and nothing else gave way",
    "behind it all there is the same {same_ground} as ever",
    "the {same_light} has not changed",
    "everything still lies in {same_light}",
    "{same_ground} ground and {same_light} are unchanged",
)
LOANS = (
    "{loan} is still itself: it looks as it does in {loan_picture}",
    "{loan} has the same look as in {loan_picture}",
    "I know {loan} again from {loan_picture}",
    "what was taken from {loan_picture} kept its looks: it is {loan}",
    "colour, pattern and marks of {loan} are those of {loan_picture}",
    "{loan} lost nothing on its way from {loan_picture}",
    "{loan} could be laid over the one in {loan_picture}",
    "{loan} carries over what {loan_picture} shows",
    "I compare {loan} with {loan_picture} and find the same thing",
)
OTHERWISE = (
    "no more has changed than was named; {thing} belongs to what was",
    "the change ends where the words end; {thing} is part of it",
    "what the words leave out is not there to be spoilt, and {thing} is named",
    "there was nothing else to keep on this {ground} ground",
    "on {ground} there is nothing that changed without being named",
    "I find {count}, and no change that goes beyond the words",
)
TEMPLATES = (*KEPT, *SEVERAL, *EMPTY, *GROUND, *LOANS)
"""All that say what stayed; OTHERWISE are for a picture in which nothing had to."""
