"""Pre-trains the embedded CLIP: architecture and merges in, weights and a log out."""

from __future__ import annotations

import csv
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, fields
from pathlib import Path

import numpy as np
import torch
from open_clip.tokenizer import SimpleTokenizer

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lib import atomic, checkpoints  # noqa: E402
from lib.drawn.captioned import Captioned, draw_captioned, joined  # noqa: E402
from lib.pretrain import LogRow, Recipe, build, pretrain  # noqa: E402

_CHUNK = 2000


def main(
    architecture: Path,
    merges: Path,
    clip: Path,
    log: Path,
    state: Path,
    *,
    pictures: int,
    recipe: dict,
    bfloat16: bool,
    threads: int,
) -> None:
    """Writes the whole CLIP's state dict to `clip` and the training log to `log`; `state` lets a killed run go on."""
    torch.set_num_threads(threads)
    config = json.loads(Path(architecture).read_text())
    tokenizer = SimpleTokenizer(bpe_path=str(merges), context_length=config["text_cfg"]["context_length"])
    settings = Recipe(**recipe)
    model = build(config, settings.seed)
    drawn = _pictures(Path(state).with_suffix(".npz"), settings.seed, pictures, threads)
    rows = pretrain(model, tokenizer, drawn, settings, state=state, bfloat16=bfloat16, on_row=_show)
    checkpoints.save(
        clip, model.state_dict(), metadata={"pictures": str(pictures), **{k: str(v) for k, v in recipe.items()}}
    )
    _write_log(log, rows)


def _pictures(store: Path, seed: int, n: int, workers: int) -> Captioned:
    if store.exists():
        with np.load(store) as known:
            return Captioned(**known)
    starts = range(0, n, _CHUNK)
    with ProcessPoolExecutor(workers) as pool:
        parts = pool.map(draw_captioned, [seed] * len(starts), starts, [min(n, s + _CHUNK) for s in starts])
        drawn = joined(list(parts))
    with atomic.whole(store) as temporary:
        np.savez(temporary, **{f.name: getattr(drawn, f.name) for f in fields(drawn)})
    return drawn


def _show(row: LogRow) -> None:
    print(
        f"step {row.step} loss {row.loss:.3f} correct {row.correct:.3f} scale {row.logit_scale:.1f}",
        file=sys.stderr,
        flush=True,
    )


def _write_log(path: Path, rows: list[LogRow]) -> None:
    with atomic.whole(path) as temporary, temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, [f.name for f in fields(LogRow)], lineterminator="\n")
        writer.writeheader()
        writer.writerows({k: round(v, 6) for k, v in asdict(row).items()} for row in rows)


if __name__ == "__main__":
    if "snakemake" in globals():
        smk = globals()["snakemake"]
        main(
            Path(smk.input.architecture),
            Path(smk.input.merges),
            Path(smk.output.clip),
            Path(smk.output.log),
            Path(smk.params.state),
            threads=smk.threads,
            **{k: smk.params[k] for k in ("pictures", "recipe", "bfloat16")},
        )
    else:
        main(*map(Path, sys.argv[1:6]), threads=2, **json.loads(Path(sys.argv[6]).read_text()))
