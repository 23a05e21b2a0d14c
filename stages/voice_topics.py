"""Topics: the company in which a word that else breaks the training voice is content ("the judge's gavel", "a score in chalk").

In: nothing. Out: `TOPICS`, named sets of words for the phrases of `stages.voice_pictures` and its neighbours.
"""

from collections.abc import Mapping
from types import MappingProxyType

from stages.phrases import word_sets

_TOPICS = r"""
sport      pitch, sport*, safe, dial, goal*, ball, balls, match, matches, game, games, team*, stadium, player*, athlete*,
           gymnast*,
           runner*, swim*, diver*, skater*, skier*, boxer*, boxing, golf*, tennis, football, soccer, rugby, basketball,
           referee, umpire, trophy, medal*, race, racer, court, jumper*, jump, jumps, dart*, dartboard, pole vault*, vault*,
           mat,
           weightlift*, barbell, chess, cards, scoreboard, arcade, pool, archer*, target, hurdle*, climber*, climb*, summit*,
           mountaineer*, hiker*, surf*, acrobat*, high bar, crossbar, board, hand-eye
deeds      <sport>, thief, thieves, burglar, escape*, prisoner, rescue*, record, magician, toddler, baby, puppy, kitten, goat,
           monkey, fox, cat climbs, knight*, pilot*, rocket, astronaut*, chef, baker, cook, fish, fisherman, angler, catch*,
           steal*, artist*, catch, board
music      music*, piano*, violin*, cello*, flute, orchestra*, conductor*, choir, singer*, sonata, symphony, opera, notes,
           stave*, sheet, stand, pianist*, guitar*, composer*, trumpet*, organ, bread, crust, loaf, dough
school     school*, teacher*, student*, pupil*, exam*, blackboard, whiteboard, chalk, class*, report card, essay, homework,
           desk, lecture*, professor*, certificate
papers     clipboard, counter, menu, form, newspaper*, headline*, magazine, notice board, poster*, folder, paper, sheet,
           letter, document, report, restaurant*, hotel*, film, movie, label, review, stars, book, desk, pinned, fridge,
           screen, website
bench      court*, jury, juror*, robe*, gavel, wig, bench, lawyer*, trial, trials, defendant*, witness*, prison*, attorney,
           guilty, dog show, contest*, competition, competitor*, panel, podium, stage, medal*, dancer*, skater*, gymnast*,
           ring, talent
press      theatre, theater, restaurant*, newspaper*, notebook, magazine, film, food, gallery, museum, exhibition, opera,
           columnist, book, table, armchair, seat*, row
door       door*, house*, stone, porch, tile*, step, steps, entrance, hall, hallway, wooden, room, cottage, gate, doorway,
           bride, sleeps, lies, sits, kitchen, church, temple
screens    terminal, computer, monitor, laptop, cursor, console, screen, keyboard, phone, tablet, theatre, theater, stage,
           teleprompter
works      factory, pipe*, printer, machine, device, socket, amplifier, speaker*, waterfall, turbine, dam, tap, engine, plant,
           volcano, chimney, tray, panel, oscilloscope, lever*, station
fittings   tailor*, lawyer*, desk, barber*, salon, bank*, jacket, suit, dress, chair, hair*, office, shop, counter, couch,
           therapist, massage, gym, trainer, fitting
power      bulbs, stall*, hospital, feeds, powers, diesel, petrol, gas, wind, power, cable*, tent, truck, hum*, smoke*, hall,
           engine*, housing, steel, iron, cellar,
           shed, fuel, portable, electric*, backup, van, turbine*, hydro*, camp*, emergency, rust*, yellow, noisy, static, fog
figures    wear*, dress*, coat, gown, pose, poses, posing, runway, catwalk, fashion, ship*, train*, car, cars, plane, aircraft,
           aeroplane, airplane, mast*, clay, skeleton, scale, city, building*, architect*, planet*, solar, year, bicycle,
           engine, camera, studio, photographer*, artist*, easel, painter*, hair, toy*, railway, village, boat, shelf,
           glass case, wooden, paper, cardboard, plastic, plaster, anatomical, miniature*, museum, bridge, rocket, jewel*,
           makeup, lipstick, swimsuit, handbag, heels, walks, magazine, sculpt*, phone, heart, dinosaur, castle, globe, atom,
           molecule, display, showroom
keys       keyboard, wheelchair, headphones, laptop, computer, phone, tablet, desk, headset, icon, app, avatar, profile
helpers    shop, lab, laboratory, dental, kitchen, doctor*, chef*, magician*, nurse*, sales*, photographer*, director*,
           teacher*, apron, tray, wears, holds, stands, counter, robot
print      newspaper*, pencil, film, manuscript, office, desk, typewriter, book, magazine, glasses, newsroom, scissors
inks       ink, pen, chalk, pencil, teacher*, blackboard, whiteboard, fluid, essay, homework, exam*, paper, glasses, lens*
rows       fold, folds, origami, domino*, stair*, nested, depends on, builds on, build on, rests on, leans on, depend on, links
bouts      boxer*, boxing, ring, ropes, bell, stools, knockout, tournament*, wrestl*, referee*, bout, bouts, scoreboard, chess,
           drinks, quiz, golf*
mirrors    mirror*, flamingo*, bird*, swan*, duck*, ducks, heron*, ripple*, moon, sky, mountain*, boat*, boats, upside, floor,
           water, lake, window*, glass, puddle*, pond, river, sea, ocean, pool, surface, shiny, chrome, metal*, wet,
           floor, sun, moon, light, screen, spoon, sunglasses, eye, eyes, pupil*, visor, bottle, marble, ice, canal, bay,
           harbour, harbor, polished, tabletop, table, lens*, steel, silver, fountain, street, shop, skyline, lamp*,
           headlight*, bubble, candle*, bonnet, hood, paint, varnish, wall, ball, bauble, kettle, teapot, tile*, vase, asphalt,
           meditat*
sheets     horse*, beer, pencil, lamp, paper, desk, letter, sketch*, breeze, cold, window, curtain*, door, sail*, sheet,
           manuscript
ovens      family, power, wind, electric*, turbine*, heat, energy, steam, sparks, grandm*, grandf*, children, young*, older,
           portrait
trades     court*, jury, lawyer*, judge, bike, motor*, lab, field, science, scientist*, medical, fire
nobles     coin, card, letter, prize, award, gift, stamp, suitor, ring, trophy, package, parcel, bouquet, flowers, proposal
spirits    pub, drinks, bottles, wine, shop, counter, chocolate, jump*, vault*, stools, gym*, barbell, limbo, chin, snack,
           cocktail*, bartender, soap, gold, iron, steel, handrail, prison
drawings   floor, house, city, street, map, table, paper, pinned, architect*, desk, ruler, battle, subway, metro, seating,
           garden, wall
labs       lab, laborator*, blood, chemi*, microscope, scientist*, soil, market, chart*
elections  election*, voter*, vote*, ballot*, poster*, lectern*, debate*, president*, mayor, job, interview*, podium, campaign*
stars      zodiac, constellation*, star, stars, horoscope, night sky, space, capsule, astronaut*
flights    ball*, comet, bullet*, rocket*, arrow*, tv, series, cannon*, moon, satellite*, planet*, missile*, stone*, frisbee,
           throw*, dotted, arc, jump*, golf*, dart*, javelin, shell, probe, bird*, plane*, flight, trade
courses    <sport>, ski*, slope*, river, dog*, puppy, horse*, train, trains, tram*, test, ladder, cricket, baseball, sled*,
           bob*,
           beach, stocking*, tights, marathon, jog*, snow*, bull*, sheep, hen*, chicken*, salmon, rabbit*, wheel*, stair*, km,
           kilomet*, bus, morning, park, lap, laps, paint, track, tear*
trees      tree*, oak*, pine*, leaf, leaves, twig*, bird*, nest*, owl*, blossom*, bare, bough*, apple*, cherry, cherries,
           fruit*,
           bud, buds, trunk*, bark, garden*, hedge*, orchard, forest*, wood*, plum*, birch*, maple, willow*, spruce, squirrel*,
           monkey*, sloth, chameleon, parrot*, moss*, frost*, perch*, swing*, sparrow*, raven*, crow*, robin*, koala, panda,
           leopard, bank, shop, store, library, office, coral, antler*, railway, track*, road*, olive, fir, berries, lemon*,
           orange*, snake, lichen, spider*, cobweb, snow*, river*, pipe*, candelabr*, chandelier, bonsai, ladder, cut off, saw
litter     bottle*, can, cans, cup, cups, litter, rubbish, trash, bin, bins, garbage, wrapper*, peel*, skip, dump, landfill,
           pavement, kerb, curb, heap, pile, coat, boots, cigarette*, shoe*, toy*, clothes, sofa, mattress, tyre*, crumpled,
           card, cards, deck, confetti, flowers, window, overboard, crust*, scrap*, shell*, bouquet
animals    dog, cat, puppy, kitten, child, boy, girl, baby
archives   cabinet, archive*, office, folder*, drawer*, shelf, shelves, desk, box, boxes, clerk, nail*, workbench, rasp, saw,
           hammer, soldiers, line, chisel*, metal, wood, march*, row
walls      wall, walls, gallery, museum, album, row, hall, frame, frames, shelf, mantelpiece, corridor, staircase, stairs,
           exhibition, comic, page, panel*, strip
contests   <sport>, pie*, cake*, table, hat, card*, wig, contest*, show, fair, pumpkin*, vegetable*, ribbon*, rosette*, prize*,
           poodle*, horse*, pageant, bake*, baking, marrow*, oath, robe*, gavel, retired, tent
pupils     pupil*, class*, school*, blackboard*, whiteboard, chalk, desk, desks, notebook*, lesson, apron, glasses, points, map,
           margin, exercise, essay*, homework, exam*, yoga, dance*, piano, music, ballet, children, kid, kids, student*
ovens      oven*, factory, bakery, kitchen, workshop, loom, press, kiln, cobbler, shoemaker, pottery, potter, weaver, smith,
           hands
thing      on the, on a, on her, on his, behind, beside, under, next to, near, stands, lies, hangs, leans, hums, spins, glows,
           lights, is of, is made, is painted, is printed, is carved, is written, is read, reads, set, jack, plate, button,
           panel, sheet, form, card, box, board, desk, booth, room, hall, house, sits, is pinned, is held, in the bark,
           of the match, of the jury, of the soil
flaw       missing, wrong, incorrect, incorrectly, misspelled, misspelt, unreadable, illegible, garbled, absent, deformed,
           distorted, malformed, misplaced, not right, not correct, not fixed, not there, not met, not done, lacking, too,
           off-centre, no, not, lacks, lack, fails, unfinished, incomplete, unsatisfactory, unclear, blurred, blurry, smeared,
           warped, inaccurate, floating, there are only, only, failing, six fingers, has six, has five, shows, contains,
           ignores, needs, have, reads
cured      correct, correctly, right, fixed, properly, legible, resolved, better, accurate, matches, as it should, accurately
ruined     deformed, distorted, garbled, misspelled, missing, malformed, cut off, wrong, incorrect, floating, smeared, fused,
           merged, warped, misplaced, illegible, unreadable, mirrored, twisted
trouble    error, errors, issue, issues, problem, problems, mistake, mistakes, flaw, flaws, defect, defects, deviation,
           deviations, failure, failures, fault, faults, shortcoming, shortcomings, artifact, artifacts, omission, discrepancy,
           inconsistency
mended     fixed, resolved, addressed, corrected, rectified, solved, introduced, remedied, repaired successfully, carried over,
           noted, identified, flagged, reported, mentioned, detected, pointed out, described above, listed
"""

TOPICS: Mapping[str, str] = MappingProxyType(word_sets(_TOPICS))
"""By name: words that make another word content."""
