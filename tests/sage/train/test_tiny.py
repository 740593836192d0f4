import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sage.mini.words import vocabulary
from sage.models.local import LocalModel, find_weights
from sage.train.demos import demonstrate
from sage.train.network import load
from sage.train.rows import RowBuilder, make_renderer
from sage.train.settings import MiniData
from sage.train.tiny import HEAD, TinySize, build_tiny, build_tokenizer, json_pieces

SMALL = TinySize(hidden=64, layers=1, wide=64, tower=32, tower_layers=1)
TOKENIZER = build_tokenizer()
WORDS = sorted(word for word in vocabulary() if word.isalpha())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return build_tiny(tmp_path_factory.mktemp("tiny") / "model", SMALL)


@pytest.fixture(scope="module")
def demos(tmp_path_factory):
    return list(demonstrate(MiniData(films=12), tmp_path_factory.mktemp("pages"), lambda _: None))


def encode(text):
    return TOKENIZER(text, add_special_tokens=False)["input_ids"]


def test_the_real_size_is_some_million_weights(tmp_path):
    size = (build_tiny(tmp_path) / "model.safetensors").stat().st_size
    assert 4e6 <= size / 4 <= 8e6


def test_the_folder_is_a_normal_one(folder, demos):
    assert find_weights(str(folder)) == folder
    request, _ = next(demo for demo in demos if demo.kind == "stage2").pair()
    model = LocalModel(str(folder), device="cpu", keep_tokens=True)
    reply = model.generate([type(request)(request.messages, request.folder, max_tokens=5)])[0]
    assert 1 <= len(reply.token_ids) <= 5


def test_every_head_starts_out_copying_what_it_attends_to(folder):
    network, _, _ = load(folder)
    for layer in network.model.language_model.layers:
        attention = layer.self_attn
        values = attention.v_proj.weight.unflatten(0, (-1, HEAD))
        heads = attention.o_proj.weight.unflatten(1, (-1, HEAD)).unbind(1)
        shared = values.repeat_interleave(len(heads) // len(values), dim=0)
        assert all(torch.equal(o, v.T) for o, v in zip(heads, shared, strict=True))


def test_a_picture_looks_like_a_frame_of_a_film(folder):
    """Servers are given pictures where this process gives a film."""
    _, processor, _ = load(folder)
    image, video = processor.image_processor, processor.video_processor
    assert list(image.image_mean) == list(video.image_mean)
    assert list(image.image_std) == list(video.image_std)


def test_the_same_seed_gives_the_same_weights(tmp_path, folder):
    again = build_tiny(tmp_path / "again", SMALL)
    other = build_tiny(tmp_path / "other", SMALL, seed=1)
    weights = [(path / "model.safetensors").read_bytes() for path in (folder, again, other)]
    assert weights[0] == weights[1] != weights[2]


@given(
    st.lists(
        st.one_of(
            st.sampled_from(WORDS),
            st.sampled_from(json_pieces()),
            st.sampled_from(list("{}[]\"':,.-_/#?")),
            st.from_regex(r"\A[0-9]{1,2}:[0-9]{2}(\.[0-9])?\Z"),
            st.integers(0, 7200).map(str),
        ),
        max_size=20,
    ),
    st.sampled_from(["", " ", "\n"]),
)
def test_a_text_of_known_words_comes_back_letter_by_letter(words, gap):
    text = gap.join(words)
    ids = encode(text)
    if TOKENIZER.unk_token_id not in ids:
        assert TOKENIZER.decode(ids) == text
    else:
        assert gap == ""  # words run together are other words


def test_no_word_of_prompts_or_replies_is_unknown(folder, demos):
    from transformers import AutoProcessor

    renderer = make_renderer(AutoProcessor.from_pretrained(folder), "qwen3_vl")
    builder = RowBuilder(renderer, end_id=TOKENIZER.eos_token_id, max_tokens=4096)
    assert {demo.kind for demo in demos} == {"stage1", "stage2", "ground", "analyze"}
    for demo in demos:
        row = builder.build(*demo.pair())
        assert TOKENIZER.unk_token_id not in (*row.prompt_ids, *row.action_ids)
        assert TOKENIZER.decode(row.action_ids[:-1]) == demo.reply


def test_an_action_is_a_few_dozen_tokens(demos):
    lengths = [len(encode(demo.reply)) for demo in demos]
    assert sum(lengths) / len(lengths) < 40
    assert max(lengths) < 120


def test_a_frame_costs_four_picture_tokens(folder, demos):
    from transformers import AutoProcessor

    processor = AutoProcessor.from_pretrained(folder)
    request, _ = next(demo for demo in demos if demo.kind == "stage1").pair()
    renderer = make_renderer(processor, "qwen3_vl")
    prompt = renderer.render(request.messages, request.folder, request.stop)
    ids = renderer.encode([prompt])["input_ids"][0]
    shown = sum(len(film.times) for film in prompt.films)
    assert int((ids == processor.video_token_id).sum()) == 4 * shown
