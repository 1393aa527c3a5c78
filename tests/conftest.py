"""Fixtures built in memory: a few labelled sentences, and tiny random bases of the two tokenizer families."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import pytest
import torch
from marsad.annotations.inline import parse_inline
from marsad.annotations.schema import Article
from marsad.annotations.store import write_articles
from marsad.inference.extractor import Extractor
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"

MARKED = (
    "قصف {A:الجيش} مواقع {A:داعش} في {P:حلب} و{P:إدلب} ب{W:صواريخ} وقتل {C:خمسة} عناصر",
    "أعلنت {A:روسيا} تدمير {C:13} {W:دبابة} ل{A:داعش} قرب {P:دمشق}",
    "قال {A:التحالف} إن {W:طائراته} قصفت {P:الرقة} وقتلت {C:عشرات} المسلحين",
    "وصل وفد {A:الأمم المتحدة} إلى {P:بغداد} وبحث مع {A:الحكومة العراقية} ملف النازحين",
    "انفجرت {W:سيارة مفخخة} في {P:كابل} وأصيب {C:20} مدنياً",
    "اتهمت {A:تركيا} {A:قسد} بقصف {P:عفرين} ب{W:قذائف هاون} أمس",
)


@pytest.fixture(scope="session")
def articles() -> list[Article]:
    return [parse_inline(marked, f"a{i}") for i, marked in enumerate(MARKED)]


@pytest.fixture
def data_file(articles: list[Article], tmp_path: Path) -> Path:
    path = tmp_path / "articles.jsonl"
    write_articles(articles, path)
    return path


@pytest.fixture(scope="session")
def unigram_base(articles: list[Article], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny encoder with an XLM-R-like tokenizer."""
    specials = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    backend = Tokenizer(models.Unigram())
    backend.normalizer = normalizers.NFKC()
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=300, special_tokens=specials, unk_token="<unk>", show_progress=False)
    backend.train_from_iterator([article.text for article in articles] * 5, trainer)
    frame = [("<s>", backend.token_to_id("<s>")), ("</s>", backend.token_to_id("</s>"))]
    backend.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=frame)
    names = {"bos_token": "<s>", "cls_token": "<s>", "pad_token": "<pad>", "sep_token": "</s>", "unk_token": "<unk>"}
    return save_base(PreTrainedTokenizerFast(tokenizer_object=backend, **names), tmp_path_factory.mktemp("unigram"))


@pytest.fixture(scope="session")
def wordpiece_base(articles: list[Article], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny encoder with a BERT tokenizer, as AraBERT and MARBERT have."""
    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    backend = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer(strip_accents=False, lowercase=False)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=300, special_tokens=specials, show_progress=False)
    backend.train_from_iterator([article.text for article in articles] * 5, trainer)
    backend.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    names = {"cls_token": "[CLS]", "pad_token": "[PAD]", "sep_token": "[SEP]", "unk_token": "[UNK]"}
    return save_base(PreTrainedTokenizerFast(tokenizer_object=backend, **names), tmp_path_factory.mktemp("wordpiece"))


def save_base(tokenizer: PreTrainedTokenizerFast, folder: Path) -> Path:
    torch.manual_seed(0)
    shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    config = BertConfig(
        vocab_size=len(tokenizer), max_position_embeddings=128, pad_token_id=tokenizer.pad_token_id, **shape
    )
    BertModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def shipped() -> Extractor:
    return Extractor.from_pretrained()


@pytest.fixture
def shared() -> Iterator[Path]:
    if not SHARED.is_dir():
        pytest.skip("the shared folder is not beside the project")
    return SHARED
