"""What the commands know of a finished run: its folder, its records, what each file is, where the sources lie.

Imports the standard library and PyYAML alone: `make crate` has an environment of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import yaml

from lib.provenance.code_digest import code_digests
from lib.provenance.records import Graph, Record, read_all
from workflow_scripts.configuration.base import effective
from workflow_scripts.configuration.files import read_mapping
from workflow_scripts.layout import Layout

_WILDCARD = re.compile(r"\\{(\w+)\\}")


class RunError(ValueError):
    """A run that is absent, unfinished or changed; the message names what is missing and the next step."""


@dataclass(frozen=True)
class FinishedRun:
    """A run whose tables were made; all its paths are relative to the folder `root`."""

    root: Path
    layout: Layout
    graph: Graph

    @classmethod
    def of(cls, configfile: Path, root: Path) -> FinishedRun:
        """The run that a configuration names. Raises RunError, FileError or RecordError if it cannot be read."""
        name = effective(read_mapping(configfile), [configfile.parent, Path()]).get("run")
        if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9][\w.-]*", name):
            raise RunError(f"{configfile}: run is {name!r}, expected a name such as demo")
        layout = Layout.of(name)
        graph = read_all(root, layout.records)
        command = f"snakemake --cores all --configfile {configfile}"
        if not graph.records:
            raise RunError(f"{layout.records}/ holds no record of a job: run it first: {command}")
        if not any(record.rule == "tables" for record in graph.records):
            raise RunError(f"{layout.records}/ has no record of the rule tables: finish the run first: {command}")
        return cls(root, layout, graph)

    @cached_property
    def configuration(self) -> Mapping[str, object]:
        """The effective configuration of the run. Raises RunError if the run holds none."""
        try:
            return yaml.safe_load((self.root / self.layout.configuration).read_text())
        except (OSError, yaml.YAMLError) as error:
            raise RunError(f"{self.layout.configuration} cannot be read ({error}): run snakemake again") from error

    @property
    def kind(self) -> str:
        """What the run's models take, "image" or "text"."""
        return "text" if self.configuration.get("texts") else "image"

    @cached_property
    def _patterns(self) -> list[tuple[str, re.Pattern[str]]]:
        return [(name, _pattern(path)) for name, path in _kinds(self.layout)]

    def name(self, file: str) -> str:
        """What a file of the run is, in the field's words; "file" for one that no layout names."""
        found = next(((name, match) for name, pattern in self._patterns if (match := pattern.fullmatch(file))), None)
        if found is None:
            return "file"
        name, match = found
        return f"{match['split']} split" if name == "split" else name

    def rank(self, file: str) -> int:
        """Its place among a job's inputs: what was trained, then models, then data, then measurements."""
        names = [name for name, _ in self._patterns]
        name = self.name(file)
        return names.index("split" if name.endswith(" split") else name) if name != "file" else len(names)

    def require_script(self, script: str, rules: Collection[str], project: Path) -> None:
        """Raise RunError unless a script of the project is the code that every job of these rules ran with."""
        now = code_digests(project, [script]).get(script)
        for record in (record for record in self.graph.records if record.rule in rules):
            if record.params.get("code", {}).get(script) != now:
                raise RunError(
                    f"{script} is not the script that {record.name} ran, by the digest in {record.file}: check out the "
                    f"commit {record.code.get('commit')}, or run snakemake again"
                )

    def weights(self, record: Record) -> str:
        """Where the weights behind a record of `pretrained` came from, with their sha256."""
        model = next((m for m in self.configuration["models"] if m["name"] == record.wildcards.get("model")), None)
        known = model["weights"] if model else {}
        parts = [known[key] for key in ("file", "package", "path", "repository", "filename") if key in known]
        place = " ".join(parts) or "?"
        revision = f", revision {known['revision']}" if "revision" in known else ""
        return f"{place}{revision}, sha256 {record.params.get('weights')}"

    def source(self, record: Record) -> str:
        """Where the images behind a record of `prepare` came from: folder and fingerprint, hub revision, or code."""
        manifest = next((file for file in record.generated if file.endswith("/manifest.json")), None)
        try:
            source = json.loads((self.root / str(manifest)).read_text())["source"]
        except (OSError, ValueError, KeyError) as error:
            raise RunError(f"{manifest} cannot be read ({error}): run snakemake again") from error
        fingerprint = record.params.get("source_fingerprint")
        told = ", ".join(f"{key} {value}" for key, value in source.items())
        return f"{told}{f', fingerprint {fingerprint}' if fingerprint else ''}"


def _kinds(layout: Layout) -> list[tuple[str, str]]:
    """(what, pattern), in the order in which a job's inputs are told."""
    return [
        ("tau", layout.tau),
        ("theta", layout.theta),
        ("theta_0", layout.theta_0),
        ("head", layout.head),
        ("curvature of a task", layout.curvature),
        ("CLIP", layout.clip),
        ("class names and templates", layout.classes),
        ("manifest", layout.manifest),
        ("split", layout.split),
        ("images", layout.images),
        ("index of images", layout.index),
        ("training log", layout.training_log),
        ("accuracy of the pre-trained model", layout.pretrained_accuracy),
        ("accuracy of each task's own model", layout.single_task),
        ("predictions of the pre-trained model", layout.pretrained_predictions),
        ("predictions of each task's own model", layout.single_task_predictions),
        *(
            (what, f"{folder}/{file}")
            for folder in (layout.addition, layout.negation, layout.negation_controls, layout.analogy)
            for what, file in _EDITED
        ),
        ("learned coefficients", layout.coefficients),
        ("Gram matrices of layers' inputs", layout.gram),
        ("Fisher information", layout.fisher),
        ("accuracy after few-shot fine-tuning", f"{layout.analogy}/few_shot.csv"),
        ("predictions after few-shot fine-tuning", f"{layout.analogy}/few_shot_predictions.npz"),
        ("grid of xi", layout.disentanglement),
        ("xi of each image", layout.outcomes),
        ("cosines of task vectors", layout.similarity),
        ("norms of task vectors", layout.norms),
        ("resampled test accuracies", layout.resamples),
        ("test accuracy of subsets of tasks", f"{layout.subsets}/subsets.csv"),
        ("sweep of alpha on val", f"{layout.subsets}/sweep_val.csv"),
        ("predictions of edited models", f"{layout.subsets}/predictions.npz"),
        ("local energies", layout.localization),
        ("accuracy of kernel regression", f"{layout.regression}/tested.csv"),
        ("accuracy of hyperparameters on val", f"{layout.regression}/tried.csv"),
        ("predictions of kernel regression", f"{layout.regression}/predictions.npz"),
        ("distances of fine-tuning", layout.laziness),
        ("drifts of task vectors", f"{layout.drift}/pairs.csv"),
        ("drifts of each image", f"{layout.drift}/images.npz"),
        ("trajectories of wide networks", layout.wide_networks),
        ("table", f"{layout.tables}/{{name}}"),
        ("figure", f"{layout.figures}/{{name}}"),
        ("findings", layout.findings),
        ("findings", layout.findings_table),
        ("page of the findings", f"{layout.findings.removesuffix('.md')}.html"),
        ("configuration", layout.configuration),
        ("record", f"{layout.records}/{{path}}.json"),
    ]


_EDITED = [
    ("test accuracy", "test.csv"),
    ("choice of alpha", "choice.json"),
    ("sweep of alpha on val", "sweep_val.csv"),
    ("predictions of edited models", "predictions.npz"),
]


def _pattern(path: str) -> re.Pattern[str]:
    """A path with {wildcards} as an expression; only {path} spans folders."""
    return re.compile(
        _WILDCARD.sub(lambda match: f"(?P<{match[1]}>{'.+' if match[1] == 'path' else '[^/]+'})", re.escape(path))
    )
