"""Praise on the axis `instruction`. In: nothing. Out: templates; `facts` fills their slots with what is in the scene.

{new} is a thing that was asked for, {news} are all of them; {gone} was to go; {ground} and {light} are those of the
picture, {new_ground} and {new_light} where they were to change; {count} are all its things.
"""

THINGS = (
    "everything that is asked for is there: {news}",
    "I see {news}, just as the words ask",
    "{the_new} is there, as it should be",
    "the words call for {new}, and that is what I see",
    "the words ask for {new}, and it stands there",
    "I looked for {new} and found it",
    "{the_new} is done, and nothing that is asked for is left over",
    "with {news} in the picture, nothing that is asked for is missing",
    "what is asked for comes down to {news}, and all of it is shown",
    "{the_new} has the look that is asked for and stands where it should",
    "there is {new}, which is what is wanted",
    "on {ground} I see {news}, as the words have it",
    "each part of the wish can be pointed at: {news}",
    "{the_new} agrees with the words in shape, colour, size and place",
    "all of it is done: I can see {new}",
    "what I have to look for is {new}; it is there",
    "nothing is left to do, for {news} can be seen",
    "the change shows: there is {new}",
    "the words want {new}, and they get it",
    "{the_new} carries out the words to the letter",
    "what counts here is {new}, and it is as described",
    "I compare the words with the picture and find {news}",
    "as wanted, there is {new}",
    "{the_new} is the one that the words mean, and it is right",
    "all that the words name is here, for example {new}",
    "among {count} I find {new}, which is what the words are about",
    "the wish is granted on a {ground} ground, with {news}",
)
PAIRS = (
    "both {the_new} and {the_new_other} are as the words want them",
    "{the_new} and {the_new_other} are in place, as asked for",
    "I find {new} and also {new_other}, which is what is asked for",
    "the words name {new} and {new_other}; neither is missing",
    "{the_new} is right, and so is {the_new_other}",
    "going through the words, I tick off {the_new} and {the_new_other}",
    "no wish is left open, neither for {new} nor for {new_other}",
)
GONE = (
    "{gone} is gone, as the words ask",
    "I find no trace of {gone}, which had to go",
    "{gone} had to go, and its place is empty",
    "nothing is left of {gone}, just as it is asked",
    "where {gone} used to be, there is only {ground} ground, as wanted",
    "{gone} has left no trace, and that is all that the words want there",
    "the words take {gone} away, and so does the picture",
    "I look for {gone} and rightly find nothing",
    "{gone_place} there is nothing any more, as it should be",
    "as wanted, {gone} can no longer be seen",
    "without {gone}, the picture shows what the words describe",
)
WHOLE = (
    "the background is {new_ground}, as asked",
    "I see {new_ground} behind everything, which is the wish",
    "the ground has turned {new_ground}, just as the words say",
    "from edge to edge the background is {new_ground}, as it should be",
    "{new_ground} is the colour that the background had to take, and it did",
    "behind {count} there is {new_ground} now, as wanted",
    "the scene lies in {new_light}, as asked",
    "I see everything in {new_light}, which is the wish",
    "the light is {new_light} now, just as the words say",
    "{new_light} is the light that the scene had to take, and it did",
    "{new_light} falls on {count}, as wanted",
    "all colours look as they do in {new_light}, which is what is asked for",
)
STILL = (
    "the picture with {count} on {ground} is what the words describe",
    "{thing} is as the words want it, and there is nothing more to do",
    "on the {ground} ground I find nothing that contradicts the words",
    "the words hold for the picture as it is, on {ground} and in {light}",
    "I see {thing}, and the words hold for it",
    "what the words say is true of this {ground} picture",
)
TEMPLATES = (*THINGS, *PAIRS, *GONE, *WHOLE)
"""All that say what has changed; STILL are for a picture in which nothing had to."""
