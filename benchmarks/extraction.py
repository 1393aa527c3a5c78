"""How fast extraction is, against the transformers pipeline: one machine, one checkpoint, the same texts.

Each contestant runs in a process of its own, one after the other, several rounds in turn, so that a machine's moods
fall on all alike; medians are reported. Run it with ``make bench``.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from marsad.annotations.schema import Article, Span
from marsad.annotations.scoring import Scores, score_article
from marsad.annotations.store import read_articles
from marsad.benchmarks.common import ROOT
from marsad.cli.console import show
from marsad.inference.checkpoint import SHIPPED
from marsad.inference.engine import ONNX_FILES, EngineName
from rich.table import Table

Found = list[list[tuple[int, int, str]]]
Contestant = Callable[[Sequence[str]], Found]

MODEL = ROOT / ".bench" / "model"
"""The shipped checkpoint with both its graphs; the float one is too large to ship."""
BATCH = 8
"""Texts that the pipeline takes at once; 32 and 64 were slower on two cores."""
STRIDE = 128
"""Tokens that the pipeline's windows share on texts longer than the model reaches."""
LONG_WORDS = 5_000


def pipeline(batch_size: int) -> Contestant:
    """Return the transformers pipeline, taking ``batch_size`` texts at once."""
    import torch
    import transformers

    transformers.logging.set_verbosity_error()
    reader = transformers.pipeline(
        "token-classification", str(MODEL), aggregation_strategy="simple", stride=STRIDE, device="cpu",
        dtype=torch.float32,
    )  # fmt: skip

    def read(texts: Sequence[str]) -> Found:
        found = reader(list(texts), batch_size=batch_size) if batch_size > 1 else [reader(text) for text in texts]
        return [[(m["start"], m["end"], m["entity_group"]) for m in mentions] for mentions in found]

    return read


def sorted_torch() -> Contestant:
    """Return a bare PyTorch loop over batches of windows of the model's reach, sorted by length: no spans are read."""
    import torch
    from marsad.inference.engine import TorchEngine
    from marsad.inference.tokenization import TextTokenizer

    engine, tokenizer = TorchEngine.load(MODEL, "cpu"), TextTokenizer.load(MODEL)
    reach = engine.model.config.max_position_embeddings - 2

    def read(texts: Sequence[str]) -> Found:
        ids = [tokens.ids for tokens in tokenizer(texts)]
        windows = sorted((a[i : i + reach] for a in ids for i in range(0, len(a), reach)), key=len)
        with torch.inference_mode():
            for start in range(0, len(windows), BATCH):
                engine([tokenizer.frame(window) for window in windows[start : start + BATCH]])
        return []

    return read


def ours(engine: str) -> Contestant:
    """Return our extractor on an engine, values left out as the pipeline has none."""
    from marsad.inference.extractor import Extractor

    extractor = Extractor.from_pretrained(MODEL, engine=EngineName(engine), device="cpu")
    extractor.values = False

    def read(texts: Sequence[str]) -> Found:
        return [[(m.start, m.end, m.label) for m in mentions] for mentions in extractor.stream(texts)]

    return read


CONTESTANTS: dict[str, Callable[[], Contestant]] = {
    "pipeline, one by one": lambda: pipeline(1),
    f"pipeline, batches of {BATCH}": lambda: pipeline(BATCH),
    "bare torch, sorted": sorted_torch,
    "marsad torch": lambda: ours("torch"),
    "marsad onnx": lambda: ours("onnx"),
    "marsad onnx-int8": lambda: ours("onnx-int8"),
}
REFERENCE = "marsad torch"
PEER = f"pipeline, batches of {BATCH}"


def make_texts(passages: int, long: int) -> list[str]:
    """Return articles of the project's own corpus, repeated as needed, and some articles of 5,000 words."""
    own = [
        article.text for file in sorted((ROOT / "annotations/data").glob("*.jsonl")) for article in read_articles(file)
    ]
    words = " ".join(own).split()
    stretches = (" ".join(islice(cycle(words), i * 997, i * 997 + LONG_WORDS)) for i in range(long))
    return [*islice(cycle(own), passages), *stretches]


def run_contestant(name: str, texts: Sequence[str], dev: Sequence[Article]) -> dict[str, Any]:
    """Time one contestant in this process; seconds from here, peak memory of the process in MB."""
    begun = time.perf_counter()
    read = CONTESTANTS[name]()
    read(texts[:1])
    ready = time.perf_counter()
    found = read(texts)
    seconds = time.perf_counter() - ready
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "start": ready - begun, "seconds": seconds, "memory": memory, "found": found,
        "dev": read([article.text for article in dev]),
    }  # fmt: skip


def peak_gflops(size: int = 2048) -> float:
    """Return the most floating-point operations a second, in 1e9, that a float32 matrix product reaches here."""
    import torch

    one, other = torch.randn(size, size), torch.randn(size, size)

    def seconds() -> float:
        begun = time.perf_counter()
        torch.mm(one, other)
        return time.perf_counter() - begun

    return 2 * size**3 / min(seconds() for _ in range(10)) / 1e9


def gflops_a_token() -> float:
    """Return the operations, in 1e9, that the encoder's weight matrices take for a token; attention is not counted."""
    config = json.loads((SHIPPED / "config.json").read_text(encoding="utf-8"))
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    return 2 * config["num_hidden_layers"] * (4 * hidden**2 + 2 * hidden * inner) / 1e9


def f1(dev: Sequence[Article], found: Found) -> float:
    """Return micro F1, exact characters."""
    scores = (
        score_article(article.spans, [Span(*span) for span in spans]) for article, spans in zip(dev, found, strict=True)
    )
    return sum(scores, Scores()).micro.f1


def agreement(one: Found, other: Found) -> float:
    """Return the F1 of one contestant's spans against another's."""
    pairs = [(set(map(tuple, a)), set(map(tuple, b))) for a, b in zip(one, other, strict=True)]
    return 2 * sum(len(a & b) for a, b in pairs) / max(sum(len(a) + len(b) for a, b in pairs), 1)


def make_model() -> None:
    """Copy the shipped checkpoint and export its graphs, unless that was done for these weights."""
    graph = MODEL / ONNX_FILES[EngineName.onnx]
    if graph.exists() and graph.stat().st_mtime > (SHIPPED / "model.safetensors").stat().st_mtime:
        return
    sys.stderr.write("exporting the graphs\n")
    shutil.copytree(SHIPPED, MODEL, dirs_exist_ok=True)
    subprocess.run([sys.executable, "-m", "marsad", "export", str(MODEL)], check=True)
    int8 = ONNX_FILES[EngineName.onnx_int8]
    shutil.copy(SHIPPED / int8, MODEL / int8)  # what is measured is what ships


def spawn(name: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Run one contestant in a child process."""
    command = [sys.executable, __file__, "--contestant", name, "--dev", arguments.dev]
    sizes = ["--passages", str(arguments.passages), "--long", str(arguments.long)]
    done = subprocess.run([*command, *sizes], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def report(results: dict[str, list[dict[str, Any]]], texts: Sequence[str], dev: Sequence[Article]) -> Table:
    """Lay the medians of all rounds out, fastest last, with ratios to the batched pipeline."""
    from marsad.inference.tokenization import TextTokenizer

    tokens = sum(map(len, TextTokenizer.load(SHIPPED)(texts)))
    peak, cost = peak_gflops(), gflops_a_token()
    seconds = {name: median(run["seconds"] for run in runs) for name, runs in results.items()}
    table = Table(
        title=f"{len(texts)} texts, {tokens:,} tokens; float32 matrix peak {peak:.0f} GFLOP/s", title_justify="left"
    )
    columns = "texts/s", "tokens/s", "× pipeline", "peak MB", "start s", "agreement", "dev F1", "of peak"
    for column in ("contestant", *columns):
        table.add_column(column, justify="left" if column == "contestant" else "right")
    for name, runs in results.items():
        last, rate = runs[-1], tokens / seconds[name]
        same = agreement(results[REFERENCE][-1]["found"], last["found"]) if last["found"] else np.nan
        cells = f"{len(texts) / seconds[name]:.1f}", f"{rate:,.0f}", f"{seconds[PEER] / seconds[name]:.2f}"
        cells += f"{median(r['memory'] for r in runs):,.0f}", f"{median(r['start'] for r in runs):.1f}"
        cells += f"{same:.4f}", f"{f1(dev, last['dev']):.4f}" if last["dev"] else "", f"{rate * cost / peak:.0%}"
        table.add_row(name, *cells)
    return table


def rounds(arguments: argparse.Namespace) -> Iterator[tuple[str, dict[str, Any]]]:
    """Run all contestants in turn, several times."""
    for number in range(arguments.rounds):
        for name in CONTESTANTS:
            sys.stderr.write(f"round {number + 1} of {arguments.rounds}: {name}\n")
            result = spawn(name, arguments)
            sys.stderr.write(f"  {result['seconds']:.1f} s, started in {result['start']:.1f} s\n")
            yield name, result


def main() -> None:
    """Run one contestant for the parent process, or all of them and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=2_000)
    parser.add_argument("--long", type=int, default=10, help="articles of 5,000 words")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--dev", default=str(ROOT / "annotations/data/dev.jsonl"), help="labelled articles for F1")
    parser.add_argument("--contestant", choices=CONTESTANTS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    texts, dev = make_texts(arguments.passages, arguments.long), read_articles(Path(arguments.dev))
    if arguments.contestant:
        sys.stdout.write(json.dumps(run_contestant(arguments.contestant, texts, dev)))
        return
    make_model()
    results: dict[str, list[dict[str, Any]]] = {name: [] for name in CONTESTANTS}
    for name, result in rounds(arguments):
        results[name].append(result)
    show(report(results, texts, dev))


if __name__ == "__main__":
    main()
