"""What the pages say and when: text stays text, nothing of the Analyzer's before a verdict, and all of it after."""

import io
from dataclasses import replace

import pytest
from PIL import Image

from pipeline.review.preparing import prepare
from pipeline.review.settings import ReviewSettings
from pipeline.review.web.address import address
from pipeline.review.web.app import review_app
from pipeline.review.web.desk import ReviewDesk
from pipeline.review.web.keys import ACTIONS
from pipeline.review.web.serving import links
from stages.records import Evaluation
from stages.trajectory import Trajectory
from tests.review.web.conftest import TOGETHER
from tests.review.web.visiting import BASE, PORT, Client
from tests.views.made_build import Build
from tests.views.page import Page

HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)> \"quoted\" 'single' &amp; {{ 7 * 7 }} {% raw %} "
    "\u202eright to left\u202c \x1b[31mred\x1b[0m \x00 \u2028 </textarea></form>"
)
LONG = HOSTILE + "long " * 2000 + "the end"


def flat(text: str) -> str:
    return " ".join(text.split())


def test_words_of_models_and_rows_stay_text(tmp_path):
    build = Build(tmp_path / "demo", side=32)
    t = build.chain(Trajectory(build.sample(instruction=LONG, category=HOSTILE, source="s<b>"), 0), 1, True)
    said = replace(t.last("reflection"), payload=replace(t.last("reflection").payload, failure_analysis=LONG))
    t = replace(t, events=tuple(said if e.kind == "reflection" else e for e in t.events)).accept("reflection")
    build.add(t)
    out = build.write()
    with prepare(out, settings=ReviewSettings(overlap=1.0, gold_share=0.0)) as store:
        desk = ReviewDesk(store, out)
        app = review_app(desk, address("127.0.0.1", PORT, None))
        ada, ben, lead = Client(app, BASE), Client(app, BASE), Client(app, BASE)
        for client, name, place in ((ada, "<i>Ada", "reviewer"), (ben, "Ben", "reviewer"), (lead, "lead", "lead")):
            client.come_in(store.invite(name, place))
        item = ada.items()[0]
        words = ada.write("/result", {"token": item.token, "sample": item.sample, "result": "accept"}).text
        ada.judge(item, note=HOSTILE.replace("\x00", ""))
        last = ada.get("/last").text
        ben.judge(ben.items()[0], result="reject", reasons=[{"code": "image.artifact", "segment": "<b>"}])
        shown = [item.html, words, last, ada.get("/review").text, ada.get("/guide").text]
        shown += [lead.get(path).text for path in ("/lead", "/disputes", f"/disputes/{item.sample}")]
    for html in shown:
        page = Page(html)
        assert {tag for tag, _ in page.tags} <= set(OUR_TAGS.split())
        images = [attrs for attrs in page.all("img") if "data-image" not in attrs]  # those of the comparison come later
        assert all(str(attrs.get("src")).startswith("/image/") for attrs in images)
        assert not [a for _, attrs in page.tags for a in attrs if a.startswith(("on", "style"))]
        assert not set(html) & {"\x1b", "\x00", "\u202e", "\u2028"}
    assert "the end" in flat(Page(item.html).text)
    assert "<script>alert(1)</script>" in Page(item.html).text
    assert "the end" in flat(Page(words).text)
    assert "<i>Ada" in Page(shown[-1]).text


OUR_TAGS = """
    html head meta title link script body header a p nav main h1 h2 h3 section div article span b code form fieldset legend
    button kbd details summary ul ol li label select option textarea aside noscript dialog dl dt dd input output img i
    table thead tbody tr th td small time
"""


def test_nothing_sways_a_judge_before_the_verdict(join, desk, store):
    ada = join("Ada")
    while items := ada.items():
        item = items[0]
        story = desk.story(store.item(item.sample))
        verdicts = [e.event.payload for e in story.events if isinstance(e.event.payload, Evaluation)]
        words = flat(Page(item.html).text)
        assert "✓" not in words
        assert "✗" not in words
        thoughts = " ".join(e.event.payload.failure_analysis for e in story.events if e.event.kind == "reflection")
        told = {flat(a.reason) for v in verdicts for a in v.axes if a.reason not in thoughts}
        assert told or thoughts
        assert not any(reason in words for reason in told)
        for hint in ("narrow", "wide", "gold", "discarded", "failed", "floor", story.fate, "accepted", "rejected"):
            assert hint not in item.html.replace("data-opinion", ""), hint
        if story.lost:
            assert not (story.reason and story.reason.replace("_", " ") in words)
        assert item.html.count("<img") == len(story.references) + 1  # and not how many tries it took
        told = ada.write("/result", {"token": item.token, "sample": item.sample, "result": "accept"}).text
        assert not any(f"<b>{a.score}</b>" in told for v in verdicts for a in v.axes)
        trained = [e for e in story.events if e.mark == "on" and isinstance(e.event.payload, Evaluation)]
        for event in trained:
            assert all(flat(a.reason) in flat(Page(told).text) for a in event.event.payload.axes)
        assert ada.judge(item).status_code == 204
    assert len(store.verdicts()) == len(store.items())


def test_after_the_verdict_the_scores_stand_beside_it(join, desk, store):
    ada = join("Ada")
    item = ada.items()[0]
    ada.judge(item)
    answer = ada.get("/last").text
    last = Page(answer).text
    assert f'data-left="{sum(r.opinion is None for r in store.resolutions())}"' in answer
    story = desk.story(store.item(item.sample))
    scores = [e.event.payload for e in story.events if isinstance(e.event.payload, Evaluation)][-1]
    assert all(f"{a.axis} {a.score}" in last for a in scores.axes)


def test_the_same_verdict_twice_is_one_and_undo_brings_the_item_back(join, store):
    ada = join("Ada")
    first, second = ada.items()[:2]
    assert ada.judge(first).status_code == 204
    assert ada.judge(first).status_code in (204, 409)
    assert len(store.verdicts()) == 1
    assert ada.items()[0].token == second.token
    assert ada.write("/undo", {}).status_code == 204
    assert ada.items()[0].sample == first.sample
    assert ada.items()[1].token == second.token
    assert not list(store.last("Ada", 9))
    assert ada.write("/undo", {}).status_code == 400


def test_a_verdict_is_corrected_with_the_scores_in_sight(join, store):
    ada = join("Ada")
    item = ada.items()[0]
    ada.judge(item)
    said = store.last("Ada", 1)[0]
    page = ada.get(f"/verdicts/{said.id}")
    assert page.status_code == 200
    assert f'data-supersedes="{said.id}"' in page.text
    change = {"result": "reject", "reasons": [{"code": "image.artifact"}], "supersedes": said.id, "token": ""}
    assert ada.judge(item, **change, reasoning=said.reasoning).status_code == 204
    assert store.last("Ada", 1)[0].opinion == "reject"
    assert len(store.verdicts()) == 2


def test_what_is_skipped_goes_to_others(join, store):
    ada, ben = join("Ada"), join("Ben")
    item = ada.items()[0]
    assert ada.write("/skip", {"token": item.token, "reason": "  "}).status_code == 400
    assert ada.write("/skip", {"token": item.token, "reason": "I made it"}).status_code == 204
    assert item.sample not in {one.sample for one in ada.items()}
    assert item.sample in {one.sample for one in ben.items()}
    assert store.declined()[0].reason == "I made it"


def test_a_reason_about_the_result_names_its_image(join, desk, store):
    ada = join("Ada")
    item = ada.items()[0]
    assert (
        ada.judge(item, result="reject", reasons=[{"code": "image.artifact", "segment": "result"}]).status_code == 204
    )
    story = desk.story(store.item(item.sample))
    label = next(e.label for e in story.events if e.event is story.result)
    assert store.verdicts()[0].reasons[0].segment == label


def test_keys_are_kept_and_two_actions_never_share_one(join, store):
    ada = join("Ada")
    assert ada.write("/keys", {"keys": {"accept": "j", "reject": "k"}}).status_code == 204
    assert store.person  # still there
    page = ada.get("/review").text
    assert "&#34;accept&#34;: &#34;j&#34;" in page
    for wrong in ({"accept": "x"}, {"accept": ""}, {"accept": "Tab"}, {"accept": "y" * 30}, {"accept": "\n"}):
        assert ada.write("/keys", {"keys": wrong}).status_code == 400, wrong
    assert ada.write("/keys", {"keys": {"no such": "q"}}).status_code == 204
    assert len({action.key for action in ACTIONS}) == len(ACTIONS)


def test_images_come_once_and_small_ones_are_small(tmp_path):
    build = Build(tmp_path / "demo", side=700)
    build.add(build.chain(Trajectory(build.sample(), 0), 0, True).accept("direct"))
    out = build.write()
    with prepare(out) as store:
        client = Client(review_app(ReviewDesk(store, out), address("127.0.0.1", PORT, None)), BASE)
        client.come_in(store.invite("Ada", "reviewer"))
        link = client.items()[0].html.split('src="')[1].split('"')[0]
        small, whole = client.get(link), client.get(link.replace("/small", "/whole"))
        again = client.get(link, headers={"if-none-match": small.headers["etag"]})
    with Image.open(io.BytesIO(small.content)) as image:
        assert image.size == (512, 512)
    assert whole.content == build.store.get(link.split("/")[3])
    assert small.headers["etag"] != whole.headers["etag"]
    assert link.split("/")[3] in whole.headers["etag"]
    assert "immutable" in small.headers["cache-control"]
    assert again.status_code == 304
    assert not again.content


@pytest.mark.parametrize("settings", [TOGETHER])
def test_a_lead_settles_what_two_judges_see_differently(join, desk, store, settings):
    ada, ben, lead = join("Ada"), join("Ben"), join("Lea", "lead")
    item = ada.items()[0]
    assert ben.items()[0].sample == item.sample
    assert ada.judge(item).status_code == 204
    mine = ben.items()[0]
    assert "Ada" not in ben.get("/review").text
    ben.judge(mine, result="reject", reasons=[{"code": "image.over_edit"}], note="the <b>sky</b>")
    assert lead.get("/lead").status_code == 200
    page = Page(lead.get(f"/disputes/{item.sample}").text)
    assert {"Ada", "Ben"} <= set(page.text.split())
    assert "Too much changed" in page.text
    assert "the <b>sky</b>" in page.text
    said = desk.story(store.item(item.sample)).trajectory.last("evaluation").payload.axes[0].reason
    assert said not in page.text
    words = lead.write("/settle/result", {"sample": item.sample, "result": "accept"}).text
    assert said in Page(words).text
    assert ben.write("/settle/result", {"sample": item.sample, "result": "accept"}).status_code == 403
    settled = lead.write("/settle", {**mine.verdict(), "reasoning": store.verdicts()[0].reasoning, "token": ""})
    assert settled.status_code == 204
    assert not store.disputes()
    assert store.gold() == {item.sample: "accept"}
    assert lead.get("/disputes").status_code == 200


def test_the_lead_invites_assigns_and_revokes(join, store):
    lead = join("Lea", "lead")
    sent = {"origin": BASE, "x-review-token": lead.write_token}
    answer = lead.post("/lead/invite", data={"name": "Zoë <b>"}, headers=sent)
    link = answer.text.split('value="http://127.0.0.1:8300/join/')[1].split('"')[0]
    assert join(None).come_in(link).status_code == 303
    codes = [part.split('"')[0] for part in answer.text.split('name="lot" value="')[1:]]
    assert lead.post("/lead/assign", data={"name": "Zoë <b>", "lot": codes[:1]}, headers=sent).status_code == 200
    assert len(next(p for p in store.people() if p.name == "Zoë <b>").lots) == 1
    assert lead.post("/lead/assign", data={"name": "Zoë <b>", "lot": ["none"]}, headers=sent).status_code == 400
    assert lead.post("/lead/revoke", data={"name": "Zoë <b>"}, headers=sent).status_code == 200
    assert lead.post("/lead/revoke", data={"name": "Lea"}, headers=sent).status_code == 400
    assert lead.post("/lead/invite", data={"name": "x" * 70}, headers=sent).status_code == 400
    assert {"invited", "assigned", "revoked"} <= {entry.what for entry in store.audit()}


def test_the_lead_sets_what_is_asked(join, store):
    lead = join("Lea", "lead")
    sent = {"origin": BASE, "x-review-token": lead.write_token}
    before = store.settings()
    form = {
        name: getattr(before, name)
        for name in ("floor", "lost", "limiting", "confidence", "overlap", "judges", "gold_share", "guideline")
    }
    assert lead.post("/lead/settings", data={**form, "per_lot": 3}, headers=sent).status_code == 200
    assert store.settings().per_lot == 3
    assert not store.settings().prompts
    assert lead.post("/lead/settings", data={**form, "per_lot": 3, "prompts": "true"}, headers=sent).status_code == 200
    assert store.settings().prompts
    assert any(p.key.outcome == "rl" for p in store.populations())
    assert lead.post("/lead/settings", data={**form, "per_lot": 3}, headers=sent).status_code == 200
    assert not store.settings().prompts
    assert lead.post("/lead/settings", data={**form, "per_lot": 0}, headers=sent).status_code == 422
    assert lead.post("/lead/settings", data={**form, "per_lot": 3, "limiting": 2}, headers=sent).status_code == 400
    assert store.settings().per_lot == 3


def test_a_build_without_rows_to_judge_says_so(tmp_path):
    out = Build(tmp_path / "demo").write()
    with prepare(out) as store:
        desk = ReviewDesk(store, out)
        at = address("127.0.0.1", PORT, None)
        first = links(store, at, "Lea", [])
        assert any("Nothing can be judged" in line for line in first)
        link = next(line for line in first if "/join/" in line)
        client = Client(review_app(desk, at), BASE)
        client.get("/join/" + link.rpartition("/")[2])
        assert (
            client.post("/join", data={"invitation": link.rpartition("/")[2]}, headers={"origin": BASE}).status_code
            < 400
        )
        assert "This build has no row to judge" in flat(client.get("/lead").text)


def test_figures_are_sent_when_they_changed_alone(join):
    lead = join("Lea", "lead")
    first = lead.get("/lead/live")
    seen = first.text.split("seen=")[1].split('"')[0]
    assert lead.get(f"/lead/live?seen={seen}").status_code == 204
    assert lead.get("/lead/live?seen=other").status_code == 200


def test_an_entry_test_is_made_of_settled_items(join, store):
    ada, lead = join("Ada"), join("Lea", "lead")
    assert "There is no test yet" in ada.get("/entry").text
    names = [item.sample_id for item in store.items()[:5]]
    for name in names:
        store.mark_gold(name, "accept", "Lea")
    page = ada.get("/entry").text
    assert all(f'name="{name}"' in page for name in names)
    answers = dict.fromkeys(names, "accept") | {names[0]: "reject"}
    assert ada.write("/entry", {"answers": {}}).status_code == 400
    assert "4 of 5 right" in ada.write("/entry", {"answers": answers}).text
    assert next(p for p in store.people() if p.name == "Ada").entry == (4, 5)
    assert not store.verdicts()
    assert "4 of 5" in lead.get("/lead").text


def test_links_are_for_those_who_have_not_come_in(store, join):
    at = address("127.0.0.1", PORT, None)
    first = links(store, at, "Lea", ["Ada"])
    assert any("/join/" in line and line.startswith("Lea") for line in first)
    lead = join(None)
    lead.come_in(first[1].rpartition("/")[2])
    assert not any("/join/" in line for line in links(store, at, "Lea", []))
    assert lead.get("/lead").status_code == 200
    assert any("/join/" in line for line in links(store, at, "Lea", ["Lea"]))
    assert lead.get("/lead").status_code == 401


def test_a_rejected_lot_shows_its_ways_and_is_screened(join, store):
    ada, lead = join("Ada"), join("Lea", "lead")
    sent = {"origin": BASE, "x-review-token": lead.write_token}
    store.configure(replace(store.settings(), per_lot=4, floor=0, lost=0, limiting=0.9))
    while items := ada.items():
        assert ada.judge(items[0], result="reject", reasons=[{"code": "image.artifact"}]).status_code == 204
    page = lead.get("/lead").text
    assert "is rejected: what may become of it" in page
    assert "judge the other" in page
    code = page.split('hx-post="/lead/screen"')[1].split('value="')[1].split('"')[0]
    answer = lead.post("/lead/screen", data={"lot": [code]}, headers=sent)
    assert answer.status_code == 200
    assert "It is screened: each of its" in answer.text
    assert len(store.settings().screened) == 1


def test_the_planner_says_what_a_team_can_decide(join):
    lead = join("Lea", "lead")
    many = lead.get("/lead/plan", params={"people": 6, "hours": 3, "days": 5, "seconds": 40})
    few = lead.get("/lead/plan", params={"people": 1, "hours": 0.01, "days": 1, "seconds": 40})
    assert "8,100 judgements" in many.text
    assert "0 of" in few.text
    assert lead.get("/lead/plan", params={"people": 0}).status_code == 422
    assert lead.get("/lead/plan", params={"seconds": "nan"}).status_code == 422
