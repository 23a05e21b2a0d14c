"""Pictures by a tiny Emu3 and a tiny Janus of random weights, which also read."""

import pytest
import torch

from pipeline.storage.token_files import read_tokens
from stages.errors import EngineDead, Malformed, ModelError, TooLong
from tests.engines.asking import drawing, forwards, opened, picture, question, scored, together

pytestmark = pytest.mark.slow


def test_emu3_draws_at_the_size_that_is_asked_for(tiny, store):
    model = opened(tiny("emu3"), store)
    wide, odd = together(model.draw(drawing(width=64, height=48)), model.draw(drawing(width=50, height=36)))
    assert (wide.image.width, wide.image.height) == (64, 48)
    assert (odd.image.width, odd.image.height) == (48, 32)
    assert wide.usage.output_tokens == 6 * (8 + 1)


def test_janus_draws_its_own_square(tiny, store):
    [reply] = together(opened(tiny("janus"), store).draw(drawing(width=96, height=48)))
    assert (reply.image.width, reply.image.height) == (64, 64)


@pytest.mark.parametrize("name", ["emu3", "janus"])
@pytest.mark.parametrize("guidance", [1.0, 3.0])
def test_a_picture_depends_on_its_own_seed_and_not_on_its_neighbours(name, guidance, tiny, store):
    alone, batched = (opened(tiny(name), store, batch, guidance=guidance, logprobs=True) for batch in (1, 3))
    asked = [drawing(f"Draw {'a cat and ' * n} a dog.", seed=n) for n in range(3)]
    single = together(*(alone.draw(one) for one in asked))
    with forwards(batched) as counts:
        many = together(*(batched.draw(one) for one in asked))

    def codes(reply):
        return [token.number for token in read_tokens(store, reply.tokens.sha256)]

    assert [codes(reply) for reply in many] == [codes(reply) for reply in single]
    assert len({reply.image.sha256 for reply in single}) == 3
    assert sum(counts) > 0
    assert len(counts) < 2 * 54 + 2


def test_guidance_and_words_to_draw_away_from_change_a_picture(tiny, store):
    models = [
        opened(tiny("emu3"), store, **how)
        for how in ({"guidance": 1.0}, {"guidance": 4.0}, {"guidance": 4.0, "negative": "a dog"})
    ]
    shown = {together(model.draw(drawing()))[0].image.sha256 for model in models}
    assert len(shown) == 3


def test_emu3_sees_what_it_is_to_change_and_janus_says_that_it_cannot(tiny, store):
    model = opened(tiny("emu3"), store, draw_temperature=0.0)
    one, other = picture(store, 1), picture(store, 2)
    first, second, again = together(*(model.draw(drawing(images=(image,))) for image in (one, other, one)))
    assert first.usage.input_tokens > together(model.draw(drawing()))[0].usage.input_tokens
    assert first.image == again.image
    assert first.image != second.image
    [error] = together(opened(tiny("janus"), store).draw(drawing(images=(one,))))
    assert type(error) is ModelError
    assert "draws from words alone" in str(error)


@pytest.mark.parametrize("name", ["emu3", "janus"])
def test_words_come_before_the_picture_where_they_are_asked_for(name, tiny, store):
    silent, speaking = (opened(tiny(name), store, temperature=1.0, words=words, logprobs=True) for words in (0, 6))
    quiet, spoken = together(silent.draw(drawing()), speaking.draw(drawing()))
    assert quiet.text is None
    assert spoken.text
    extra = spoken.tokens.count - quiet.tokens.count
    assert 1 <= extra <= 6
    assert spoken.usage.output_tokens - quiet.usage.output_tokens == extra
    assert spoken.image != quiet.image


@pytest.mark.parametrize("name", ["emu3", "janus"])
def test_the_same_weights_read(name, tiny, store):
    model = opened(tiny(name), store, 2, structured="none", temperature=1.0, max_new_tokens=30)
    asked = [question(images=(picture(store, 1),), seed=seed) for seed in range(3)]
    alone = opened(tiny(name), store, structured="none", temperature=1.0, max_new_tokens=30)
    assert alone._weights is model._weights
    batched, single = together(*(model.ask(a) for a in asked)), together(*(alone.ask(a) for a in asked))
    assert [one.text for one in batched] == [one.text for one in single]
    assert len({one.text for one in single}) > 1
    _, _, likely = together(model.draw(drawing()), model.ask(asked[0]), model.score(scored("a cat")))
    assert likely.total < 0


def test_a_picture_that_needs_more_room_than_there_is_is_too_long(tiny, store):
    [error] = together(opened(tiny("emu3"), store).draw(drawing(width=2048, height=2048)))
    assert isinstance(error, TooLong)


def test_a_picture_of_no_numbers_is_malformed(tiny, store, tmp_path):
    from tests.engines.tiny_vlm import tiny_emu3

    model = opened(tiny_emu3(tmp_path / "broken"), store)
    with torch.no_grad():
        next(model._weights.model.model.vqmodel.decoder.parameters())[:] = float("nan")
    [error] = together(model.draw(drawing()))
    assert isinstance(error, Malformed)


def test_a_model_that_only_reads_draws_nothing(tiny, store):
    [error] = together(opened(tiny("reader"), store).draw(drawing()))
    assert isinstance(error, EngineDead)
    assert "emu3, janus" in str(error)
