"""The words that the rules of the training voice are made of: named sets, each a kind of word.

In: nothing. Out: `SETS`, for the phrases of `stages.voice_rules`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import get_args

from stages.phrases import word_sets
from stages.records import AXES, Cause, ErrorType

_SETS = r"""
nth      first, second, third, fourth, fifth, 1st, 2nd, 3rd, 4th, 5th
number   1, 2, 3, 4, 5, 6, 7, 8, 9, one, two, three, four, five
few      two, three, four, several, many, few, multiple, repeated, both, all, more, no, 2, 3, 4, 5
owner    _'s, _s', his, her, their, its, whose
gone     previous, prior, earlier, preceding, past, initial, last, latest, next, later, current, failed, failing, unsuccessful,
         successful, rejected, pruned, discarded, direct, final, new, repeated, better, best, worse, worst, same, original
past     previous, prior, earlier, preceding, rejected, failed, pruned, superseded, unsuccessful, latest, losing, previously,
         turned-down, discarded, initial, newest, former
this     the, this, that, these, those, my, our, your, each, every, any, another, some, other, one
shown    image, images, picture, pictures, render, renders, rendering, renderings, output, outputs, result, results, generation,
         generations, edit, edits, draft, drafts, version, versions, variant, variants, candidate, candidates, redraw, redraws,
         canvas, photo, photos, photograph, photographs
drawn    generated, edited, output, made, drawn, produced, accepted, reference, result, direct, draft, rendered
place    on, in, at, of, from, along, hung, hanging, by, to, near, beside, above, under, below, frame, window, book, row, album
feat     climb*, jump*, escap*, summit*, scor*, catch*, reach*, vault*, lift*, smil*, balanc*, fly*, cross*, hid*, swim*,
         steal*, land*, stand*, break*, win, rescue, eat, drink, sleep, run, throw
went     had, has, have, was, were, is, are, left, did, made, failed, fixed, changed, gave, still, only, already, moved, added,
         lost, removed, kept, got, brought, turned, broke, improved, showed, shows, missed, drew, painted, put, went, looked,
         lacked, should, must, will, would, can, may, needs, need, could, does, did
verdict  judgement, judgment, judgements, judgments, evaluation, evaluations, verdict, verdicts, critique, critiques, feedback,
         assessment, assessments, appraisal, diagnosis
judges   judge, judges, evaluator, evaluators, analyzer, analyser, grader, rater, reviewer, reviewers, critic, critics,
         assessor, scorer, checker, inspector
says     said, says, found, finds, noted, notes, complain*, marked, marks, reject*, scored, scores, rated, rates, flagged,
         flags, wants, wanted, pointed out, points out, state, states, stated, mention*, report*, claim*, named, names, thinks,
         thought, was right, is right, was wrong, is wrong, accept*, failed, fails, dislik*, liked, prais*, critici*, object*,
         missed, overlook*, asked, asks, demand*, agreed, agrees, disagrees, suggest*, gave it, gives it, gave a, gave this,
         gives a, gives this, list, lists, listed, is correct, was correct, requires, expects, did not, does not, agree,
         disagree, disagreed, differ, differed, was strict
form     form, sheet, room, day, seat, copy, paper, desk, booth, board, of the court, of the jury, of paris, of solomon, is
         guilty
court    the winner, the gavel, a gavel, the trophy, the medal, the court, the jury, the audience, a medal, a trophy, the crowd
made     failed, fails, ignore*, generate, generates, generated, produce, produces, produced, render, renders, rendered,
         misread*, misunderst*, interpret*, misinterpret*, forgot, hallucinat*, struggle*, drew, draws, painted, edited, edits,
         outputs, confus*, was not able, was unable, is unable, tends to, added, adds, removed, changed, misplaced, invented,
         overlook*, left out, split, understood, was asked, was told, gave back, returned, knows, seems, has trouble, had
         trouble, has problems, has difficulty, has difficulties
maker    model, generator, baseline, system, assistant, network, ai, algorithm, renderer, image model, image editor, planner,
         decoder, sampler
modelled image, editor, diffusion, generative, language, vision, editing, base, baseline, unified, multimodal, text-to-image,
         image-editing, drawing, stronger, weaker, judge, teacher, student, generation, artist, painting, rendering,
         image-generation, large, small, ai, underlying
must     have to, should, must, need, forgot, failed, made, added, changed, removed, left, missed, drew, placed, painted, ought,
         misread, ignored, overlooked, turned, moved, did, could have, have made, have added, have changed, have removed, have
         left, have drawn, have forgotten, have missed, have failed, were asked, were told, were supposed, are supposed, are to,
         put, kept, misunderstood, repainted, rendered, generated, keep, chose, used, wrote, gave, started, did not, didn't,
         cannot, can't, lost, drew
draw     draw, redraw, render, generate, produce, follow, understand, preserve, remove, add, change, handle, manage, spell,
         count, keep, recolor, recolour, paint, place, move, make, correct, fix, avoid, do, see, know, read, get, put, leave,
         carry, mend, be told, be asked, be prompted, be instructed
may      can, could, did, does, do, should, must, would, will, cannot, needs to, has to, had to, may, might, can't, couldn't,
         didn't, doesn't, won't, shouldn't
other    another, different, better, stronger, weaker, larger, smaller, first, second, newer
doc      faults, issues, problems, reasons, errors, mistakes, defects, remarks, points, notes, list, text, flaws, analysis,
         plan, explanation, instruction, comments, description, request, message, critique, reasons, fault, problem, reason,
         remark
dropped  discarded, rejected, dropped, pruned, abandoned, thrown-out, losing, failed, culled, filtered, filtered-out, kept,
         surviving, remaining, unsuccessful, superseded
next_to_last  penultimate, antepenultimate, last-but-one, second-to-last, next-to-last, third-last, third-to-last, second-last,
         last but one, second to last, next to last, one but last
judging  text, ocr, vision, language, vision-language, multimodal, automatic, automated, model, ai, judging, scoring, evaluation,
         evaluating, verification, verifier, llm, vlm, reward, critic, strict, lenient, harsh, human, visual, quality, knowledge,
         consistency, instruction, instruction-following, composition, style, layout, counting, world-knowledge, realism
making   editor, editing, edit, painter, painting, drawing, drawer, image, picture, rendering, render, renderer, planner,
         planning, critic, judge, generation, generative, generator, text-to-image, image-to-image, inpainting, outpainting,
         matting, segmentation, masking, upscaling, vision, language, layout, diffusion, prompt, text, evaluation, scoring,
         checking, verifier, verification, reflection, captioning, image-editing, retouching, colouring, coloring, lettering,
         typography, blending, compositing, composition, upstream, downstream, background, image-making, picture-making
things   system, agent, pipeline, software, tool, network, program, engine, app, algorithm, machine, model, bot, renderer,
         editor, generator, neural net, neural network, script, service, module, planner, drawer, ai, backend, component,
         application, computer program, plugin
botched  cut, cuts, smeared, smears, mixes, mixed, merged, merges, blurred, blurs, put, puts, turned, dropped, drops, lost, loses,
         placed, places, repeated, repeats, blended, swapped, doubled, flattened, copied, skipped, skips, replaced, gets, got,
         wrote, writes, misspelled, miscounted, miscounts, counted, cannot, can't, couldn't, could not, did not, didn't, does not,
         doesn't, failed, fails, has no idea, ignored, ignores, forgot, forgets, thought, thinks, decided, decides, chose, tried,
         tries, repainted, cropped, crops, is weak, was weak, is bad, is good, hallucinat*, invented, misread, misplaced,
         overlooked, understood, misunderst*, produced, rendered, drew, painted, added, removed, changed, made the, made a,
         kept the, left the, left a, left out, erased, has left, has made, has put, has drawn, has added, has removed, has kept,
         has changed, has turned, has cut, will, would, should, must, needs to, was told, was asked, finds, wants, had trouble,
         usually, often, tends
we_are   i'm, i am, we're, we are
cannot   cannot, can't, can not, don't, do not, didn't, did not, couldn't, could not, won't, will not, may not
i_will   i will, i'll, i shall, i'd, i would, i am going to, i'm going to, i am now, i'm now, i have to, i'd like to
here_is  here's, here is, here are, below is, below are, this is, these are
let_us   let's, let us, we'll, we will, we now, i'll, i will now
det      the, a, an, his, her, their, its, it, them, one, each, this, that, these, those, water, ground, eye
"""
_CODES = (*get_args(ErrorType), *get_args(Cause), "failure_analysis", "improvement_plan", "error_type")

SETS: Mapping[str, str] = MappingProxyType({**word_sets(_SETS), "axis": ", ".join(AXES), "codes": ", ".join(_CODES)})
"""By name; the entries of a set are divided by commas."""
