# What all rules share: the checked configuration, names of files, digests of code, resources.

import json
import re
import sys
from pathlib import Path

ROOT = Path(workflow.basedir)
sys.path.insert(0, str(ROOT))

import yaml

from lib.editing.coefficients import alpha_grid
from lib.files import atomic
from lib.files.digests import SUFFIX, file_digest
from lib.training import modes
from workflow_scripts import versions
from workflow_scripts.code import code, evaluation_plugins, packages, training_plugins
from workflow_scripts.configuration import resolution
from workflow_scripts.configuration.benchmark import ConfigurationError, complete, load
from workflow_scripts.job import search_path
from workflow_scripts.layout import SPLITS, Layout

search_path.export(ROOT)

try:
    folders = [Path(file).parent for file in workflow.config_settings.configfiles or ["config.yaml"]]
    whole = complete(config, [*folders, Path()])
    BENCH = load(whole)
except ConfigurationError as error:
    raise WorkflowError(str(error))
config.clear()
config.update(whole)  # what scripts see

FILES = Layout.of(BENCH.run)
OTHER_VERSIONS = versions.other_versions(Path(FILES.records)) if BENCH.package_versions == "warn" else []
if OTHER_VERSIONS and workflow.is_main_process:
    logger.warning(
        "\n".join(["Other package versions:", *OTHER_VERSIONS, "To run those jobs again: package_versions: rerun"])
    )
ENVIRONMENT = "../envs/environment.yaml"
TASKS = BENCH.task_names
CONTROL = BENCH.control.name
MODELS = [model.name for model in BENCH.models]
SEARCH_SPACE = [BENCH.evaluation["alphas"]["start"], BENCH.evaluation["alphas"]["stop"]]
EVALUATION = {key: BENCH.evaluation[key] for key in ("batch_size", "precision")}


wildcard_constraints:
    model="|".join(map(re.escape, MODELS)),
    task="|".join(map(re.escape, [*TASKS, CONTROL])),
    mode="|".join(map(re.escape, dict.fromkeys([*BENCH.modes, *BENCH.trained_modes]))),
    merging="|".join(map(re.escape, BENCH.rules)),
    seed=r"\d+",
    split="|".join(SPLITS),


def record(rule, *options):
    """The provenance record of a rule's job."""
    return "/".join([FILES.records, rule, *options]) + ".json"


def log_file(rule, *options):
    """The log of a rule's job."""
    return "/".join([FILES.logs, rule, *options]) + ".log"


def code_of(rule, plugins=lambda wildcards: []):
    """A rule's digests of code, with those of the modules that a job loads by name; and, if the configuration wants
    that, the versions of the packages that they import."""

    def digests(wildcards):
        found = code(rule, *plugins(wildcards))
        return {**found, **(packages(found) if BENCH.package_versions == "rerun" else {})}

    return digests


def large(paths):
    """Files too large to be compared by content, as inputs: whatever their age. What lies beside them is compared."""
    return ancient(paths)


def beside(paths):
    """The small files with the digests of large ones."""
    return [f"{path}{SUFFIX}" for path in ([paths] if isinstance(paths, str) else paths)]


def resource(stage, key):
    """A rule's resource from the configuration's table; memory and time grow with each retry."""

    def value(wildcards, attempt=1):
        table = BENCH.resources[stage]
        if hasattr(wildcards, "model"):
            table = (BENCH.model(wildcards.model).resources or {}).get(stage, table)
        return table[key] * (attempt if key in ("mem_mb", "runtime") else 1)

    return value


def requests(stage, *, gpu=False):
    """What a rule's jobs ask for beside threads."""
    return {key: resource(stage, key) for key in ("mem_mb", "runtime", "gpu")[: 2 + gpu]}


def cores(stage):
    """The threads of a rule, as a function of its wildcards."""
    return lambda wildcards: resource(stage, "threads")(wildcards)


def of_model(value):
    """A function of the rule's model, as a function of its wildcards."""
    return lambda wildcards: value(BENCH.model(wildcards.model))


def images_of(tasks, splits):
    """The prepared images of tasks, with their index."""
    return [
        path.format(task=task, split=split)
        for task in tasks
        for split in splits
        for path in (FILES.images, FILES.index)
    ]


def splits_of(tasks, splits):
    """What tasks' prepared splits hold: small files, compared in the place of the images."""
    return expand(FILES.split, task=tasks, split=splits)


def heads_of(tasks):
    """The heads of tasks, for the rule's model."""
    return [FILES.head.replace("{task}", task) for task in tasks]


def vectors(tasks):
    """The task vectors that the rule's mode uses; post-hoc linearization owns none and takes the standard ones."""

    def paths(wildcards):
        known = {**dict(wildcards), "mode": modes.get(wildcards.mode).vectors_of}
        names = [wildcards.task] if tasks is None else tasks
        return [FILES.tau.format(**{**known, "task": task}) for task in names]

    return paths


def over_runs(pattern, evaluation, **more):
    """A pattern over every model and seed, and every mode that takes part in an evaluation."""
    return expand(pattern, model=MODELS, seed=BENCH.seeds, mode=BENCH.modes_in(evaluation), **more)


EVALUATED = {  # params of every evaluation in a mode
    "architecture": of_model(resolution.image_architecture),
    "model": lambda wildcards: resolution.evaluation(wildcards.mode),
    "evaluation": EVALUATION,
}


def evaluation_code(rule, plugins=lambda wildcards: []):
    """Digests of code of a rule that evaluates models in a mode."""
    return code_of(rule, lambda wildcards: [*evaluation_plugins(modes.get(wildcards.mode)), *plugins(wildcards)])
