"""Reviewers at work in a real Chromium, at the real command: keys, undo, blind pairs, claims, kills, and a lead who looks on."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from pipeline.review.database import default_url
from pipeline.review.frame import fingerprint_of
from pipeline.review.store import ReviewStore, open_review
from tests.review.web.serving import ReviewServer
from tests.views.made_build import Build

pytestmark = pytest.mark.slow
SHOWN = ".item:not([hidden])"
WIDTHS, THEMES = (390, 1280), ("light", "dark")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.fail("these tests need `chromium` on PATH (apt-get install chromium); they are not part of `make test`")
    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Build(tmp_path_factory.mktemp("made") / "demo", side=512).fill(60).write()


@pytest.fixture
def out(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "demo"))


@pytest.fixture
def serve(out: Path) -> Iterator[Callable[..., ReviewServer]]:
    servers: list[ReviewServer] = []

    def start(*options: str, port: int = 0) -> ReviewServer:
        servers.append(ReviewServer(out, "--gold-share", "0", *options, port=port))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


class Seat:
    """A person's browser, which notes every complaint of the console."""

    def __init__(self, browser: Browser, width: int = 1280, theme: str = "light") -> None:
        self.context: BrowserContext = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=theme,  # type: ignore[arg-type]
        )
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda m: self.complaints.append(m.text))
        self.page.on("pageerror", lambda e: self.complaints.append(str(e)))

    def come_in(self, link: str) -> "Seat":
        self.page.goto(link)
        self.page.get_by_role("button", name="Begin").click()
        self.page.wait_for_load_state()
        return self

    @property
    def sample(self) -> str:
        return str(self.page.locator(f"{SHOWN} .verdict-form").get_attribute("data-sample"))

    @property
    def done(self) -> int:
        return int(self.page.locator("[data-done]").inner_text())

    def judge(self, how: str = "a") -> str:
        """By keys alone; returns the sample."""
        sample, done = self.sample, self.done
        self.page.keyboard.press(how)
        if how == "x":
            self.page.keyboard.press("1")
        self.asks_reasoning()
        self.page.keyboard.press("a")
        expect(self.page.locator("[data-done]")).to_have_text(str(done + 1))
        return sample

    def asks_reasoning(self) -> bool:
        """Once the result is judged: whether a text is trained."""
        turn = self.page.locator(
            f"{SHOWN} [data-part=reasoning].turn, #none:not([hidden]), {SHOWN} [data-part=reasons].turn"
        )
        told = self.page.locator(f"{SHOWN} .story[data-reasoning=yes]")
        self.page.wait_for_function(
            "() => !document.querySelector('.item:not([hidden]) [data-part=result] [aria-pressed=true]')"
            " || document.querySelector('.item:not([hidden]) .story[data-reasoning=yes]')"
            " || document.querySelector('.item:not([hidden]) [data-part=reasoning] .opinions[hidden]')"
        )
        return bool(turn.count()) and bool(told.count())

    def judge_until(self, wanted: str) -> None:
        """Accept items until the story of one, once its result is accepted, holds `wanted`."""
        while True:
            done = self.done
            self.page.keyboard.press("a")
            self.asks_reasoning()
            if self.page.locator(f"{SHOWN} .story {wanted}").count():
                return
            self.page.keyboard.press("a")
            expect(self.page.locator("[data-done]")).to_have_text(str(done + 1))


def review_of(out: Path) -> ReviewStore:
    return open_review(default_url(out), fingerprint_of(out))


def test_twenty_items_by_keyboard_alone(browser, serve, out):
    server = serve("--invite", "Ada", "--overlap", "0")
    ada = Seat(browser).come_in(server.links["Ada"])
    ada.page.wait_for_selector(SHOWN)
    waits = []
    for n in range(20):
        before = ada.sample
        ada.page.keyboard.press("x" if n % 5 == 4 else "a")
        ada.asks_reasoning()
        if n % 5 == 4:
            ada.page.keyboard.press("1")
            ada.page.keyboard.press("a")
        else:
            waits.append(ada.page.evaluate(KEY_TO_NEXT, [before, "a"]))
        expect(ada.page.locator("[data-done]")).to_have_text(str(n + 1))
    with review_of(out) as store:
        said = store.verdicts()
    assert len(said) == len({v.sample_id for v in said}) == 20
    assert sum(v.opinion == "reject" for v in said) == 4
    assert all(v.seconds > 0 for v in said)
    assert all(v.reasons for v in said if v.opinion == "reject")
    assert not ada.complaints
    print(
        f"\nkey to next item drawn, 512 px images: median {sorted(waits)[len(waits) // 2]:.0f} ms, most {max(waits):.0f} ms; "
        f"all: {chr(32).join(str(round(wait)) for wait in waits)}"
    )


KEY_TO_NEXT = """([before, key]) => new Promise((resolve, reject) => {
  const start = performance.now();
  setTimeout(() => reject(new Error("the next item did not come")), 20000);
  const look = () => {
    const form = document.querySelector(".item:not([hidden]) .verdict-form");
    const images = [...document.querySelectorAll(".item:not([hidden]) .story img")].filter((i) => i.offsetParent);
    const drawn = form && form.dataset.sample !== before && images.every((i) => i.complete && i.naturalWidth);
    if (drawn) requestAnimationFrame(() => resolve(performance.now() - start));
    else requestAnimationFrame(look);
  };
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  look();
})"""


def test_the_verdict_is_in_view_at_800_pixels_and_says_what_is_next(browser, serve):
    ada = Seat(browser).come_in(serve("--invite", "Ada").links["Ada"])
    ada.page.set_viewport_size({"width": 1280, "height": 800})
    ends, hint = ada.page.locator(f"{SHOWN} .ends"), ada.page.locator(f"{SHOWN} [data-part=reasoning] .hint")
    expect(hint).to_have_text("The texts appear once the result is judged.")
    ada.page.keyboard.press("Enter")
    expect(ends.locator(".problem")).to_be_in_viewport(ratio=1)
    ada.page.keyboard.press("x")
    expect(ada.page.locator(f"{SHOWN} .group[open] .reason").last).to_be_visible()
    expect(ends.get_by_role("button", name="Send")).to_be_in_viewport(ratio=1)
    expect(ends).not_to_have_class(re.compile("turn"))
    ada.page.keyboard.press("1")
    if ada.asks_reasoning():
        return  # the second answer sends it
    expect(ends).to_have_class(re.compile("turn"))


def test_undo_brings_the_last_item_back(browser, serve, out):
    ada = Seat(browser).come_in(serve("--invite", "Ada").links["Ada"])
    first, second = ada.judge(), ada.judge()
    ada.page.keyboard.press("a")  # an answer that is begun is taken back first
    ada.asks_reasoning()
    ada.page.keyboard.press("Backspace")
    expect(ada.page.locator(f"{SHOWN} [data-part=result] [aria-pressed=true]")).to_have_count(0)
    ada.page.keyboard.press("Backspace")
    expect(ada.page.locator("[data-done]")).to_have_text("1")
    assert ada.sample == second
    assert ada.judge("x") == second
    with review_of(out) as store:
        assert [v.opinion for v in store.last("Ada", 9)] == ["reject", "accept"]
        assert store.last("Ada", 9)[1].sample_id == first
    assert not ada.complaints


def test_two_reviewers_judge_other_items_or_blindly_the_same_and_meet_at_the_lead(browser, serve, out):
    server = serve("--invite", "Ada", "--invite", "Ben", "--overlap", "0.5")
    ada, ben = (Seat(browser).come_in(server.links[name]) for name in ("Ada", "Ben"))
    hers, his = [], []
    for _ in range(8):
        hers.append(ada.judge("a"))
        assert "Ben" not in ada.page.content()
        his.append(ben.judge("x"))
        assert "Ada" not in ben.page.content()
    with review_of(out) as store:
        shared = {r.item.sample_id for r in store.resolutions() if len(r.verdicts) == 2}
        wanted = {r.item.sample_id for r in store.disputes()}
    assert shared == set(hers) & set(his) == wanted
    assert len(set(hers)) == len(set(his)) == 8
    lead = Seat(browser).come_in(server.links["lead"])
    lead.page.goto(f"{server.base}/disputes")
    expect(lead.page.locator(".last li")).to_have_count(len(wanted))
    assert wanted
    lead.page.locator(".last a").first.click()
    expect(lead.page.locator(".verdicts .card")).to_have_count(2)
    at = lead.page.url
    lead.page.keyboard.press("a")
    lead.page.keyboard.press("a")
    lead.page.wait_for_url(lambda url: url != at)
    with review_of(out) as store:
        assert len(store.disputes()) == len(wanted) - 1
        assert len(store.gold()) == 1
    assert not [*ada.complaints, *ben.complaints, *lead.complaints]


def test_an_expired_claim_goes_to_somebody_else_and_the_first_is_told(browser, serve, out):
    server = serve("--invite", "Ada", "--invite", "Ben", "--overlap", "0", "--claim-seconds", "4")
    ada = Seat(browser).come_in(server.links["Ada"])
    late = ada.sample
    ada.page.wait_for_timeout(4500)
    ben = Seat(browser).come_in(server.links["Ben"])
    assert ben.judge() == late
    ada.page.keyboard.press("a")
    ada.asks_reasoning()
    ada.page.keyboard.press("a")
    expect(ada.page.locator("#live")).to_contain_text("no longer yours")
    assert ada.sample != late
    with review_of(out) as store:
        assert [v.reviewer for v in store.verdicts() if v.sample_id == late] == ["Ben"]


def test_reload_a_kill_and_a_second_server_lose_nothing(browser, serve, out):
    first = serve("--invite", "Ada")
    ada = Seat(browser).come_in(first.links["Ada"])
    judged = [ada.judge(), ada.judge()]
    at = ada.sample
    ada.page.reload()
    assert ada.sample == at
    first.kill()
    ada.page.keyboard.press("a")
    expect(ada.page.locator(".problem:visible")).to_contain_text("does not answer")
    assert ada.sample == at
    second = serve(port=first.port)
    assert set(second.links) == {"lead"}  # who never came in; she is signed in still
    third = serve()
    judged.append(ada.judge())
    ada.page.goto(f"{third.base}/review")
    judged.append(ada.judge())
    with review_of(out) as store:
        assert [v.sample_id for v in store.verdicts()] == judged
    assert len(set(judged)) == 4


def test_the_lead_sees_it_live(browser, serve):
    server = serve("--invite", "Ada", "--overlap", "0")
    lead = Seat(browser).come_in(server.links["lead"])
    ada = Seat(browser).come_in(server.links["Ada"])
    row = lead.page.locator("#live-figures tr", has_text="Ada")
    expect(row).to_have_count(0)
    lead.page.locator("summary", has_text="By category").click()
    ada.judge()
    expect(row.first).to_be_visible(timeout=15_000)
    expect(lead.page.locator("details[data-open=category]")).to_have_js_property("open", True)
    lead.page.fill(".row-form input[name=name]", "Cy")
    lead.page.get_by_role("button", name="Invite").click()
    link = lead.page.locator(".invited input").input_value()
    cy = Seat(browser).come_in(link)
    cy.judge()
    lead.page.once("dialog", lambda dialog: dialog.accept())
    lead.page.locator("#people tr", has_text="Cy").get_by_role("button", name="Revoke").click()
    expect(lead.page.locator("#people tr", has_text="Cy")).to_contain_text("revoked")
    cy.page.keyboard.press("a")
    expect(cy.page.locator("#live")).to_contain_text("not signed in")
    assert not [*lead.complaints, *ada.complaints]


def test_reasons_segments_axes_note_and_own_keys(browser, serve, out):
    server = serve("--invite", "Ada")
    ada = Seat(browser).come_in(server.links["Ada"])
    ada.page.goto(f"{server.base}/guide")
    ada.page.locator("[data-action=accept]").press("j")
    ada.page.get_by_role("button", name="Save").click()
    expect(ada.page.locator(".saved")).to_have_text("Saved.")
    ada.page.locator("[data-action=reject]").press("j")
    ada.page.get_by_role("button", name="Save").click()
    expect(ada.page.locator("#key-form .problem")).to_contain_text("two things")
    ada.page.goto(f"{server.base}/review")
    ada.page.keyboard.press("?")
    expect(ada.page.locator("#help")).to_contain_text("j")
    ada.page.keyboard.press("Escape")
    ada.page.keyboard.press("x")
    ada.asks_reasoning()
    while (
        "esult" not in ada.page.locator(f"{SHOWN} .pointed .top").first.inner_text()
        if ada.page.locator(f"{SHOWN} .pointed").count()
        else True
    ):
        ada.page.keyboard.press("]")
    ada.page.keyboard.press("4")
    ada.page.keyboard.press("g")
    ada.page.keyboard.press("g")
    ada.page.keyboard.press("5")
    ada.page.keyboard.press("n")
    ada.page.keyboard.type("ax? <b>")
    ada.page.keyboard.press("Escape")
    ada.page.locator(f"{SHOWN} .axes summary").click()
    ada.page.locator(f"{SHOWN} [data-axis=quality]").select_option("reject")
    ada.page.keyboard.press("Escape")
    ada.page.keyboard.press("j")
    expect(ada.page.locator("[data-done]")).to_have_text("1")
    with review_of(out) as store:
        said = store.verdicts()[0]
    assert {r.code for r in said.reasons} == {"image.artifact", "row.other"}
    assert all(re.fullmatch(r"G\d+", r.segment or "") for r in said.reasons)
    assert said.note == "ax? <b>"
    assert said.axes == {"quality": "reject"}
    assert [c for c in ada.complaints if "400" not in c] == []


def test_any_two_images_are_compared_to_the_pixel(browser, serve):
    ada = Seat(browser).come_in(serve("--invite", "Ada").links["Ada"])
    ada.judge_until(".beat:has(img) ~ .beat:has(img)")
    ada.page.keyboard.press("c")
    stage = ada.page.locator(".stage")
    expect(ada.page.locator("[data-tag=b]")).to_be_visible()
    tags = ada.page.locator(".tag").all_inner_texts()
    assert len(set(tags)) == 2
    assert all(tags)
    ada.page.keyboard.press("2")
    ada.page.keyboard.press("ArrowRight")
    expect(ada.page.locator(".slide")).to_have_value("54")
    for key, mode in (("2", "slide"), ("3", "flicker"), ("4", "difference"), ("1", "side")):
        ada.page.keyboard.press(key)
        expect(stage).to_have_attribute("data-mode", mode)
    ada.page.wait_for_function(
        "() => [...document.querySelectorAll('.stage img')].every((i) => i.src.endsWith('/whole') && i.naturalWidth === 512)"
    )
    ada.page.get_by_role("button", name="1:1").click()
    for _ in range(6):
        ada.page.keyboard.press("+")
    ada.page.keyboard.press("ArrowRight")
    places = ada.page.evaluate(
        "() => [...document.querySelectorAll('.stage img')].map((i) => [i.style.left, i.style.top, i.style.width].join())"
    )
    assert places[0] == places[1]
    assert (
        ada.page.evaluate("() => getComputedStyle(document.querySelector('.stage img')).imageRendering") == "pixelated"
    )
    ada.page.keyboard.press("Escape")
    expect(ada.page.locator("#compare")).not_to_be_visible()
    assert not ada.complaints


def test_a_screen_reader_hears_what_happens(browser, serve):
    ada = Seat(browser).come_in(serve("--invite", "Ada").links["Ada"])
    live = ada.page.locator("#live[role=status][aria-live=polite]")
    expect(live).to_contain_text("Is the result right?")
    ada.judge()
    expect(live).to_contain_text("Saved.")
    assert ada.page.evaluate("() => document.activeElement.classList.contains('item')")
    unnamed = ada.page.evaluate(
        "() => [...document.querySelectorAll('button, input, select, textarea, dialog, img')]"
        ".filter((e) => e.offsetParent && !(e.ariaLabel || e.textContent.trim() || e.alt || e.labels?.length)).length"
    )
    assert unnamed == 0


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_is_drawn_without_complaint(browser, serve, out, tmp_path, width, theme):
    server = serve("--invite", "Ada", "--invite", "Ben", "--overlap", "1")
    ada, ben = (Seat(browser, width, theme).come_in(server.links[name]) for name in ("Ada", "Ben"))
    shots = tmp_path / "shots"
    shots.mkdir()

    def shoot(seat: Seat, name: str) -> None:
        seat.page.wait_for_function("() => [...document.images].every((i) => !i.offsetParent || i.complete)")
        over = seat.page.evaluate("document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth")
        seat.page.screenshot(path=shots / f"{name}-{width}-{theme}.png", full_page=name != "compare")
        assert over <= 0, name
        assert not seat.complaints, name

    for n in range(6):
        ada.judge()
        ben.judge("x" if n % 2 else "a")
    shoot(ada, "item")
    ada.judge_until(".unfolds")
    ada.page.keyboard.press("x")
    ada.page.keyboard.press("p")
    ada.page.keyboard.press("]")
    shoot(ada, "words")
    ada.page.keyboard.press("c")
    ada.page.wait_for_timeout(300)
    shoot(ada, "compare")
    ada.page.keyboard.press("Escape")
    for key, name in (("?", "help"), ("s", "skip")):
        ada.page.keyboard.press(key)
        shoot(ada, name)
        ada.page.keyboard.press("Escape")
    ada.page.locator(".last a").first.click()
    shoot(ada, "correct")
    ada.page.goto(f"{server.base}/guide")
    shoot(ada, "guide")
    lead = Seat(browser, width, theme)
    lead.page.goto(server.links["lead"])
    shoot(lead, "join")
    lead.come_in(server.links["lead"])
    shoot(lead, "lead")
    lead.page.goto(f"{server.base}/disputes")
    shoot(lead, "disputes")
    lead.page.locator(".last a").first.click()
    shoot(lead, "dispute")
    with review_of(out) as store:
        for item in store.items()[-3:]:
            store.mark_gold(item.sample_id, "accept", "lead")
    lead.page.goto(f"{server.base}/entry")
    shoot(lead, "entry")


def test_a_habit_of_two_keys_never_judges_the_next_item(browser, serve, out):
    ada = Seat(browser).come_in(serve("--invite", "Ada", "--overlap", "0").links["Ada"])
    for n in range(12):
        ada.page.keyboard.press("a")
        ada.page.keyboard.press("a")
        expect(ada.page.locator("[data-done]")).to_have_text(str(n + 1))
        assert ada.page.locator(f"{SHOWN} .opinion[aria-pressed=true]").count() == 0
    with review_of(out) as store:
        assert len(store.verdicts()) == 12
        assert any(v.reasoning is None for v in store.verdicts())
