"""Every recipe, on a tiny random model of its base's kind: train, evaluate, reload, extract."""

from pathlib import Path

import httpx
import huggingface_hub
import pytest
import torch
from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError
from marsad import Extractor
from marsad.annotations.store import write_articles
from marsad.errors import InputError
from marsad.train.base import find_base, load_base
from marsad.train.config import load_recipe
from marsad.train.evaluation import evaluate
from marsad.train.run import train
from transformers import AutoTokenizer, BertConfig, BertModel, XLMRobertaConfig, XLMRobertaModel

CONFIGS = Path(__file__).parents[2] / "configs"
SHAPE = {"hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 32}

KINDS = {
    "arabert": "bert",
    "arabert-large": "bert",
    "arabert-twitter": "old bert",
    "arbert": "old bert",
    "camelbert": "old bert",
    "conflibert-arabic": "bert",
    "e5": "e5",
    "embedded": "e5",
    "marbert": "old bert",
    "xlm-r": "xlm-r",
}
"""What each recipe's base is: a BERT with word pieces, the same as older repositories hold it (vocab.txt and a pickle),
XLM-R with a Unigram tokenizer, or a BERT with one."""


@pytest.fixture(scope="session")
def bases(unigram_base, wordpiece_base, tmp_path_factory):
    """Tiny encoders by kind; the tokenizers are those of the fixtures."""
    folders = {kind: tmp_path_factory.mktemp(kind.replace(" ", "-")) for kind in set(KINDS.values())}
    for kind, folder in folders.items():
        tokenizer = AutoTokenizer.from_pretrained(wordpiece_base if "bert" in kind else unigram_base)
        common = {**SHAPE, "vocab_size": len(tokenizer), "pad_token_id": tokenizer.pad_token_id}
        torch.manual_seed(0)
        if kind == "xlm-r":
            model = XLMRobertaModel(XLMRobertaConfig(max_position_embeddings=130, **common))
        else:
            model = BertModel(BertConfig(max_position_embeddings=128, **common))
        model.save_pretrained(folder)
        if kind != "old bert":
            tokenizer.save_pretrained(folder)
            continue
        (folder / "model.safetensors").unlink()
        torch.save(model.state_dict(), folder / "pytorch_model.bin")
        pieces = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
        (folder / "vocab.txt").write_text("".join(f"{piece}\n" for piece, _ in pieces), encoding="utf-8")
        (folder / "tokenizer_config.json").write_text('{"do_lower_case": false}')
    return folders


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_whole_road(path, bases, articles, data_file, tmp_path):
    assert path.stem in KINDS, f"{path.name}: say in KINDS what its base is"
    changed = {"base": bases[KINDS[path.stem]], "train": data_file, "dev": data_file, "output": tmp_path / "run"}
    figures = train(load_recipe(path, [*(f"{key}={value}" for key, value in changed.items()), "epochs=1"]))
    loaded = Extractor.from_pretrained(tmp_path / "run")
    assert evaluate(loaded, articles).f1 == pytest.approx(figures["exact"]["micro"]["f1"])
    text = "قَصَفَ الجَيْشُ مواقعَ داعش قرب حلب https://example.org 🔥 وقُتل ١٧رجلاً"
    assert all(text[mention.start : mention.end] == mention.text for mention in loaded(text))


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_each_depth_of_the_encoder_has_its_rate(path):
    recipe = load_recipe(path)
    layers = 24 if "large" in path.stem else 12
    assert recipe.learning_rate * recipe.layer_decay**layers > 1e-6
    assert recipe.batch_size * recipe.accumulation in range(8, 33)


def test_without_the_hub_the_line_says_how_to_use_a_local_folder():
    with pytest.raises(InputError) as error:
        find_base(load_recipe(CONFIGS / "arabert.yaml").base)
    assert str(error.value).startswith(
        "base=aubmindlab/bert-base-arabertv02: no such folder here, and the hub can't be"
    )
    assert "hf download aubmindlab/bert-base-arabertv02 --local-dir FOLDER" in str(error.value)
    assert "base=FOLDER" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("kind", "said"), [(GatedRepoError, "whom its owner lets in"), (RepositoryNotFoundError, "no such repository")]
)
def test_a_gated_or_missing_repository_is_one_line(monkeypatch, kind, said):
    def refuse(*_, **__):
        raise kind("403\nmany lines", response=httpx.Response(403, request=httpx.Request("GET", "http://hub")))

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    with pytest.raises(InputError, match=said) as error:
        find_base("owner/name")
    assert "base=FOLDER" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("tokenizer.json", "{", "its tokenizer can't be read"),
        ("config.json", "{}", "not a transformers checkpoint"),
        ("model.safetensors", "no weights", "its weights can't be read"),
    ],
)
def test_a_broken_base_is_one_line(bases, data_file, tmp_path, name, content, said):
    folder = tmp_path / "base"
    folder.mkdir()
    for file in bases["bert"].iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / name).write_text(content)
    changed = [f"base={folder}", f"train={data_file}", f"dev={data_file}", "output=x"]
    with pytest.raises(InputError, match=said) as error:
        load_base(load_recipe(CONFIGS / "arabert.yaml", changed), ("O", "B-X", "I-X"))
    assert "\n" not in str(error.value)


def test_a_tokenizer_of_another_model_is_one_line(bases, unigram_base, data_file, tmp_path):
    model = BertModel(BertConfig(vocab_size=20, **SHAPE))
    model.save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(unigram_base).save_pretrained(tmp_path)
    changed = [f"base={tmp_path}", f"train={data_file}", f"dev={data_file}", "output=x"]
    with pytest.raises(InputError, match="pieces, but its embeddings 20 rows"):
        load_base(load_recipe(CONFIGS / "xlm-r.yaml", changed), ("O", "B-X", "I-X"))


@pytest.mark.parametrize(("name", "tokenizer"), [("arabert", "arabertv02"), ("marbert", "marbert")])
def test_recipes_with_the_real_word_pieces(name, tokenizer, articles, shared, tmp_path):
    """The tokenizers that AraBERT and MARBERT have, on real passages; only the weights are random and few."""
    from marsad.annotations.store import read_articles

    real = AutoTokenizer.from_pretrained(shared / "tokenizers" / tokenizer)
    BertModel(BertConfig(vocab_size=len(real), **SHAPE)).save_pretrained(tmp_path / "base")
    real.save_pretrained(tmp_path / "base")
    passages = read_articles(shared / "labelled/dev.jsonl")[:20]
    write_articles(passages, tmp_path / "data.jsonl")
    files = [f"{key}={tmp_path / 'data.jsonl'}" for key in ("train", "dev")]
    places = [f"base={tmp_path / 'base'}", f"output={tmp_path / 'run'}"]
    figures = train(load_recipe(CONFIGS / f"{name}.yaml", [*files, *places, "epochs=1"]))
    assert evaluate(Extractor.from_pretrained(tmp_path / "run"), passages).f1 == figures["exact"]["micro"]["f1"]
