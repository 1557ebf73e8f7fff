"""Prepare one task of texts: read its source, split it, store tokens and a manifest."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from lib.data import tokens
from lib.data.opening import open_task
from workflow_scripts.data.task_files import all_or_nothing, fit_and_validation, place, write_manifest, write_parts
from workflow_scripts.job import adapter
from workflow_scripts.models.text_files import TOKENIZER, local_file


def main(
    folder: Path,
    *,
    name: str,
    reading: Mapping[str, object],
    root: Path,
    options: Mapping[str, object],
    split: Mapping[str, object] | None,
    parts: Sequence[str],
    texts: Mapping[str, object],
    tokenizer: Path,
) -> None:
    """Write the files that `workflow_scripts.data.prepare` writes, with tokens in the place of pixels.

    texts: of the configuration, with the tokenizer's digest and `pad`, the id of padding. The manifest says how many
    texts fill their length. Raises DataError for a source that is absent or damaged, TokenError for a tokenizer that is
    none.
    """
    raw = open_task(reading, root=root, options=options)
    fit, val = fit_and_validation(raw, split)
    stored = _Counted(_tokens(raw.templates, texts, tokenizer), texts["length"])
    known = {
        "fit": (raw.train, fit, stored),
        "val": (raw.val or raw.train, val, stored),
        "test": (raw.test, np.arange(len(raw.test)), stored),
    }
    with all_or_nothing(folder):
        entries = write_parts(folder, {part: known[part] for part in parts}, name=name, unit="text")
        told = {"tokens": {**texts, "texts": stored.seen, "full_length": stored.full}}
        write_manifest(folder, raw, entries, name=name, split=split, told=told)


def _tokens(templates: Sequence[str], texts: Mapping[str, object], tokenizer: Path) -> Callable[[str], np.ndarray]:
    """What stores a text: alone, or in the task's one template."""
    if texts["prompts"] == "of_classes":
        return tokens.tokenizer(tokenizer, length=texts["length"], pad=texts["pad"])
    (template,) = templates
    return tokens.prompted(tokenizer, template, length=texts["length"], pad=texts["pad"])


class _Counted:
    """Stores texts, and counts those that fill their length: the end of some of these is lost."""

    def __init__(self, stored: Callable[[str], np.ndarray], length: int):
        self.stored, self.length, self.seen, self.full = stored, length, 0, 0

    def __call__(self, text: str) -> np.ndarray:
        found = self.stored(text)
        self.seen += 1
        self.full += int(found[..., 2].sum() == self.length)
        return found


if __name__ == "__main__":
    with adapter.job(snakemake):
        params = snakemake.params
        main(
            Path(snakemake.output.manifest).parent,
            name=params.name,
            reading=params.reading,
            root=place(snakemake.config, params.name),
            options=params.options,
            split=params.split,
            parts=params.parts,
            texts=params.tokens,
            tokenizer=local_file(snakemake.config["models"][0]["weights"], TOKENIZER),
        )
