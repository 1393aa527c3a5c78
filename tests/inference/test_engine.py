"""The shipped model on its engines: the same mentions, and an answer without waiting for torch."""

import subprocess
import sys
from pathlib import Path

import pytest
from marsad.annotations.store import read_articles
from marsad.inference.engine import EngineName
from marsad.inference.extractor import Extractor

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def texts():
    return [article.text for article in read_articles(ROOT / "annotations/data/dev.jsonl")][:15]


def spans(extractor, texts):
    return [{(m.start, m.end, m.label) for m in mentions} for mentions in extractor.stream(texts)]


def test_the_shipped_int8_graph_finds_what_float32_finds(texts):
    wanted = spans(Extractor.from_pretrained(engine=EngineName.torch, device="cpu"), texts)
    found = spans(Extractor.from_pretrained(engine=EngineName.onnx_int8), texts)
    same = sum(len(a & b) for a, b in zip(wanted, found, strict=True))
    assert 2 * same / sum(len(a) + len(b) for a, b in zip(wanted, found, strict=True)) > 0.95


def test_the_number_of_threads_changes_nothing(texts):
    one, three = (spans(Extractor.from_pretrained(threads=threads), texts) for threads in (1, 3))
    assert one == three


def test_a_cold_answer_needs_no_torch():
    heavy = "torch", "transformers", "pandas", "datasets", "pyarrow"
    code = (
        "import sys; from marsad.cli import app; sys.argv = ['marsad', 'extract', 'inference/examples/brief.txt'];"
        "app(standalone_mode=False);"
        f"loaded = [name for name in {heavy} if name in sys.modules]; sys.exit(' '.join(loaded) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()[-500:]
