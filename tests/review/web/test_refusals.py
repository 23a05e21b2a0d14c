"""What the app refuses: strangers, other sites, other names, used links, other people's items, and paths that lead elsewhere."""

import pytest

from pipeline.review.errors import ReviewError
from pipeline.review.web.address import address, check_host
from tests.review.web.visiting import BASE


def test_a_stranger_sees_nothing(join):
    nobody = join(None)
    for path in ("/", "/review", "/items", "/guide", "/entry", "/lead", "/lead/live", "/disputes", "/verdicts/x"):
        assert nobody.get(path).status_code == 401, path
    for path in ("/result", "/verdict", "/undo", "/skip", "/leave", "/keys", "/entry", "/settle", "/settle/result"):
        assert nobody.write(path, {}).status_code in (401, 422), path
    for path in ("invite", "revoke", "assign"):
        assert nobody.post(f"/lead/{path}", data={"name": "Eve"}, headers={"origin": BASE}).status_code == 401


def test_a_reviewer_is_no_lead(join):
    ada = join("Ada")
    for path in ("/lead", "/lead/live", "/disputes", "/disputes/x"):
        assert ada.get(path).status_code == 403, path
    sent = {"origin": BASE, "x-review-token": ada.write_token}
    assert ada.post("/lead/invite", data={"name": "Eve"}, headers=sent).status_code == 403
    assert ada.write("/settle", ada.items()[0].verdict()).status_code == 403


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:8301", "localhost:8300.evil.example", ""])
def test_another_name_is_refused(join, host):
    ada = join("Ada")
    assert ada.get("/review", headers={"host": host}).status_code == 421
    assert ada.get("/static/review.css", headers={"host": host}).status_code == 421


def test_localhost_is_a_name_of_this_machine(join):
    assert join(None).get("/static/review.css", headers={"host": "localhost:8300"}).status_code == 200


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://localhost:8300", "null", f"{BASE}.evil.example", ""]
)
def test_another_site_cannot_write(join, store, origin):
    ada = join("Ada")
    item = ada.items()[0]
    assert ada.write("/verdict", item.verdict(), origin=origin).status_code == 403
    assert ada.write("/undo", {}, origin=origin).status_code == 403
    assert not store.verdicts()


def test_a_write_carries_the_token_of_a_page(join, store):
    ada, eve = join("Ada"), join("Eve")
    item = ada.items()[0]
    for token in ("", "0" * 64, eve.write_token):
        assert ada.write("/verdict", item.verdict(), **{"x-review-token": token}).status_code == 403
    assert not store.verdicts()


def test_another_site_cannot_read_by_script_but_a_link_may_lead_here(join):
    ada = join("Ada")
    assert ada.get("/items", headers={"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}).status_code == 403
    assert ada.get("/guide", headers={"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}).status_code == 200


def test_a_link_works_once_and_not_by_looking_at_it(join, store):
    token = store.invite("Ada", "reviewer")
    first, second = join(None), join(None)
    assert first.get(f"/join/{token}").status_code == 200
    assert first.get("/guide").status_code == 401
    assert first.come_in(token).status_code == 303
    assert second.come_in(token).status_code == 403
    assert second.come_in("guess").status_code == 403
    assert second.get("/guide").status_code == 401


def test_the_cookie_is_for_this_site_and_no_script(join, store):
    answer = join(None).come_in(store.invite("Ada", "reviewer"))
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "secure" not in cookie


def test_a_revoked_person_is_out_at_once(join, store):
    ada = join("Ada")
    item = ada.items()[0]
    store.revoke("Ada")
    assert ada.get("/review").status_code == 401
    assert ada.write("/verdict", item.verdict()).status_code == 401


def test_nobody_judges_what_another_holds(join, store):
    ada, ben = join("Ada"), join("Ben")
    hers, his = ada.items()[0], ben.items()[0]
    assert ben.judge(hers).status_code in (400, 409)
    assert ben.write("/result", {"token": hers.token, "sample": hers.sample, "result": "accept"}).status_code == 409
    assert ben.write("/skip", {"token": hers.token, "reason": "no"}).status_code == 409
    assert ben.write("/verdict", his.verdict(sample=hers.sample, content=hers.content)).status_code in (400, 409)
    assert not store.verdicts()
    assert ada.judge(hers).status_code == 204
    said = store.verdicts()[0].id
    assert ben.get(f"/verdicts/{said}").status_code == 400
    assert ben.write("/verdict", hers.verdict(supersedes=said, token="")).status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "../../run.json",
        "..%2f..%2frun.json",
        "%2e%2e/%2e%2e/run.json",
        "0" * 64,
        "g" * 64,
        "A" * 64,
        "0" * 63,
        "%00",
        "..%5c..%5crun.json",
    ],
)
def test_images_are_named_by_hashes_of_this_review_alone(join, path):
    ada = join("Ada")
    sample = ada.items()[0].sample
    for what in ("small", "whole"):
        assert ada.get(f"/image/{sample}/{path}/{what}").status_code in (404, 422)
    assert ada.get(f"/static/{path}").status_code == 404


def test_an_image_belongs_to_its_item(join):
    items = join("Ada").items()
    ada = join("Ada")
    links = [part.split('"')[0] for part in items[0].html.split('src="')[1:]]
    assert ada.get(links[0]).status_code == 200
    sha256 = links[0].split("/")[3]
    assert ada.get(f"/image/{items[1].sample}/{sha256}/small").status_code == 404
    assert ada.get(f"/image/nothing/{sha256}/small").status_code == 404
    assert join(None).get(links[0]).status_code == 401


def test_sizes_and_kinds_have_limits(join, store):
    ada = join("Ada")
    item = ada.items()[0]
    assert ada.write("/verdict", item.verdict(note="x" * 300_000)).status_code == 413
    assert ada.write("/verdict", item.verdict(note="x" * 10_001)).status_code == 422
    assert ada.write("/verdict", item.verdict(result="maybe")).status_code == 422
    assert ada.write("/verdict", item.verdict(seconds="NaN")).status_code == 422
    assert ada.write("/verdict", item.verdict(reviewer="Ben")).status_code == 422
    assert ada.write("/verdict", item.verdict(result="reject")).status_code == 400
    assert ada.put("/verdict", json={}, headers={"origin": BASE}).status_code == 405
    chunked = ada.post("/undo", content=iter([b"{}"]), headers={"origin": BASE, "x-review-token": ada.write_token})
    assert chunked.status_code == 411
    assert not store.verdicts()


def test_every_answer_carries_the_headers(join):
    ada = join("Ada")
    for path in ("/review", "/static/review.js", "/nothing", "/lead"):
        headers = ada.get(path).headers
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
    assert ada.get("/review").headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("host", "origin", "plain"),
    [
        ("0.0.0.0", None, False),
        ("::", None, False),
        ("192.168.1.5", None, True),
        ("0.0.0.0", "https://review.example.org", False),
        ("127.0.0.1", "http://review.example.org", False),
        ("127.0.0.1", "review.example.org", False),
        ("127.0.0.1", "https://review.example.org/path", False),
        ("127.0.0.1", "javascript://x", False),
    ],
)
def test_a_public_address_is_refused_with_a_remedy(host, origin, plain):
    with pytest.raises(ReviewError, match=r"--host 127\.0\.0\.1|https"):
        check_host(host, origin, plain)


def test_behind_a_proxy_the_cookie_needs_tls():
    check_host("127.0.0.1", "https://review.example.org", False)
    check_host("127.0.0.1", None, False)
    check_host("0.0.0.0", "http://review.lan:8300", True)
    assert address("127.0.0.1", 8300, "https://review.example.org").secure
    assert not address("127.0.0.1", 8300, None).secure


def test_an_invitation_takes_over_nobody_who_takes_part(join, store):
    lea, ada = join("Lea", "lead"), join("Ada")
    sent = {"origin": BASE, "x-review-token": lea.write_token}
    for name, place in (("Ada", "reviewer"), (" Ada ", "reviewer"), ("Lea", "reviewer")):
        refused = lea.post("/lead/invite", data={"name": name, "place": place}, headers=sent)
        assert refused.status_code == 400
        assert "takes part already" in refused.text
    assert ada.get("/review").status_code == 200
    assert lea.get("/lead").status_code == 200, "a lead who types their own name is one still"
    assert lea.post("/lead/invite", data={"name": "Ada", "again": "yes"}, headers=sent).status_code == 200
    assert ada.get("/review").status_code == 401


def test_an_unknown_address_is_answered_in_words(join):
    ada = join("Ada")
    for headers, shown in (
        ({}, "There is nothing at this address.\n"),
        ({"sec-fetch-mode": "navigate"}, "<!doctype html>"),
    ):
        answer = ada.get("/nothing", headers=headers)
        assert answer.status_code == 404
        assert answer.text.startswith(shown)
        assert "detail" not in answer.text
