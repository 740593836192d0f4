import torch

from sage.train.network import load
from sage.train.tiny import build_tiny

N = 100


def test_a_new_network_looks_back_and_finds_what_follows_a_word(tmp_path):
    """Measured on words in a row that come twice: where heads of the first two layers attend to."""
    network, _, _ = load(build_tiny(tmp_path))
    network.set_attn_implementation("eager")
    words = torch.randperm(1000, generator=torch.Generator().manual_seed(1))[None, :N]
    with torch.no_grad():
        looks = network(input_ids=torch.cat([words, words], dim=1), output_attentions=True)
    first, second = looks.attentions[0][0], looks.attentions[1][0]
    place = torch.arange(N + 1, 2 * N)
    assert first[0][place, place - 1].mean() > 0.8
    assert first[1][place, place - 2].mean() > 0.8
    assert second[0][place[:-1], place[:-1] - N + 1].mean() > 0.7
    assert second[2][place, place - N].mean() > 0.3
