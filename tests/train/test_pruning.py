"""A pruned base: a fraction of the embeddings, the same tokens, the same outputs."""

import json

import pytest
import torch
from marsad.cli import app
from marsad.errors import InputError
from marsad.train.config import make_recipe
from marsad.train.pruning import prune
from marsad.train.run import train
from safetensors.torch import load_file
from tokenizers import Tokenizer
from transformers import (
    AutoModelForMaskedLM,
    AutoTokenizer,
    BertConfig,
    BertForMaskedLM,
    PreTrainedTokenizerFast,
    XLMRobertaConfig,
    XLMRobertaForMaskedLM,
)
from typer.testing import CliRunner

SHAPE = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
FOREIGN = ["漢", "字", "приве", "мир", "ελλά", "हिन्"]


@pytest.fixture(scope="module", params=["xlm-roberta", "bert"])
def base(request, unigram_base, wordpiece_base, tmp_path_factory):
    """A tiny masked language model whose vocabulary is for the most part of other languages; <mask> comes last."""
    folder = tmp_path_factory.mktemp(request.param)
    foreign = [f"{piece}{i}" for i in range(300) for piece in FOREIGN]
    if request.param == "xlm-roberta":
        spec = json.loads((unigram_base / "tokenizer.json").read_text())
        pieces = [row for row in spec["model"]["vocab"] if row[0] != "<mask>"]
        spec["model"]["vocab"] = [*pieces[:10], *([f"▁{p}", -9.0] for p in foreign), *pieces[10:], ["<mask>", 0.0]]
        for token in spec["added_tokens"]:
            token["id"] = next(i for i, row in enumerate(spec["model"]["vocab"]) if row[0] == token["content"])
        names = {
            "cls_token": "<s>",
            "sep_token": "</s>",
            "pad_token": "<pad>",
            "unk_token": "<unk>",
            "mask_token": "<mask>",
        }
    else:
        spec = json.loads((wordpiece_base / "tokenizer.json").read_text())
        pieces = sorted(spec["model"]["vocab"], key=spec["model"]["vocab"].__getitem__)
        spec["model"]["vocab"] = {p: i for i, p in enumerate([*pieces[:20], *foreign, *pieces[20:]])}
        names = {"cls_token": "[CLS]", "sep_token": "[SEP]", "pad_token": "[PAD]", "unk_token": "[UNK]"}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_str(json.dumps(spec)), **names)
    common = {**SHAPE, "vocab_size": len(tokenizer), "pad_token_id": tokenizer.pad_token_id}
    torch.manual_seed(0)
    model = (
        XLMRobertaForMaskedLM(XLMRobertaConfig(max_position_embeddings=130, **common))
        if request.param == "xlm-roberta"
        else BertForMaskedLM(BertConfig(max_position_embeddings=128, **common))
    )
    model.get_output_embeddings().bias.data.normal_()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def pruned(base, articles, tmp_path):
    return prune(str(base), lambda: (article.text for article in articles), tmp_path / "small")


def test_the_same_tokens_and_outputs_from_a_fraction_of_the_embeddings(base, articles, tmp_path):
    figures = pruned(base, articles, tmp_path)
    assert figures.pieces[1] < figures.pieces[0] / 4
    assert (figures.texts, figures.changed_texts, figures.changed_tokens) == (len(articles), 0, 0)
    models = [AutoModelForMaskedLM.from_pretrained(folder).eval() for folder in (base, tmp_path / "small")]
    tokenizers = [AutoTokenizer.from_pretrained(folder) for folder in (base, tmp_path / "small")]
    vocabularies = [tokenizer.get_vocab() for tokenizer in tokenizers]
    kept = sorted(vocabularies[1], key=vocabularies[1].__getitem__)
    assert models[1].config.vocab_size == len(kept) == figures.pieces[1]
    for article in articles:
        batches = [tokenizer([article.text, "حلب"], padding=True, return_tensors="pt") for tokenizer in tokenizers]
        with torch.no_grad():
            old, new = (
                model(input_ids=batch.input_ids, attention_mask=batch.attention_mask)
                for model, batch in zip(models, batches, strict=True)
            )
        torch.testing.assert_close(new.logits, old.logits[..., [vocabularies[0][piece] for piece in kept]])


def test_a_pruned_base_trains_like_the_whole(base, articles, data_file, tmp_path):
    pruned(base, articles, tmp_path)
    trained = []
    for name, folder in [("by-whole", base), ("by-small", tmp_path / "small")]:
        files = {"base": str(folder), "train": data_file, "dev": data_file, "output": tmp_path / name}
        train(make_recipe({**files, "epochs": 2, "dropout": 0.0, "window": 64, "overlap": 16}, "test"))
        trained.append(load_file(tmp_path / name / "model.safetensors"))
    for name in set(trained[0]) - {next(name for name in trained[0] if "word_embeddings" in name)}:
        torch.testing.assert_close(trained[0][name], trained[1][name], atol=1e-4, rtol=0)


def test_single_characters_stay_and_other_scripts_go(base, articles, tmp_path):
    pruned(base, articles[:1], tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "small")
    assert tokenizer.unk_token_id not in tokenizer("بغداد").input_ids
    assert tokenizer.unk_token_id in tokenizer("漢0").input_ids


def test_what_can_not_be_pruned_is_one_line(base, articles, tmp_path):
    with pytest.raises(InputError, match="no text"):
        prune(str(base), lambda: iter(()), tmp_path / "small")
    (tmp_path / "full").mkdir()
    (tmp_path / "full/file").touch()
    with pytest.raises(InputError, match="name a new or empty folder"):
        prune(str(base), lambda: (a.text for a in articles), tmp_path / "full")
    with pytest.raises(InputError, match=r"full/file/small: Not a directory"):
        prune(str(base), lambda: (a.text for a in articles), tmp_path / "full/file/small")


def test_the_verb_reads_files_and_says_what_it_left(base, data_file, tmp_path):
    (tmp_path / "bad.jsonl").write_text('{"id": "1"}\n', encoding="utf-8")
    arguments = [
        "prune",
        str(base),
        str(data_file),
        str(tmp_path / "bad.jsonl"),
        "-o",
        str(tmp_path / "small"),
        "--json",
    ]
    shown = CliRunner().invoke(app, arguments)
    figures = json.loads(shown.stdout)
    assert (figures["texts"], figures["changed_texts"]) == (6, 0)
    assert shown.stderr.count("no text in field 'text'") == 1
    assert shown.exit_code == 2
    assert (tmp_path / "small/model.safetensors").exists()
