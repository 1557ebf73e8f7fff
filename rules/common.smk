# What all rules share: the checked configuration, names of folders, digests of code, resources.

import re
import sys
from itertools import product
from pathlib import Path

ROOT = Path(workflow.basedir)
sys.path.insert(0, str(ROOT))

from lib.editing.coefficients import alpha_grid
from lib.training.modes import get as mode_of
from lib.data.readers import reader_modules
from lib.provenance import code_digest, file_digest
from workflow_scripts.job import search_path
from workflow_scripts.configuration.benchmark import ConfigurationError, load

search_path.export(ROOT)

try:
    BENCH = load(config)
except ConfigurationError as error:
    raise WorkflowError(str(error))

RUN = f"results/{BENCH.run}"
SCRATCH = f"scratch/{BENCH.run}"
DATA = f"{RUN}/data/{{task}}"
PRETRAINED = f"{RUN}/{{model}}/pretrained"
MODE = f"{RUN}/{{model}}/seed{{seed}}/{{mode}}"
LOGS = f"{RUN}/logs"
RECORDS = f"{RUN}/provenance"
ENVIRONMENT = "../envs/environment.yaml"
SPLITS = ["fit", "val", "test"]
TASKS = BENCH.task_names
CONTROL = BENCH.control.name
MODELS = [model.name for model in BENCH.models]
ALPHAS = alpha_grid(**BENCH.evaluation["alphas"])
XI_ALPHAS = alpha_grid(**BENCH.disentanglement["alphas"])
SEARCH_SPACE = [BENCH.evaluation["alphas"]["start"], BENCH.evaluation["alphas"]["stop"]]
PAIRED_TASKS = list(dict.fromkeys(task for pair in BENCH.disentanglement["pairs"] for task in pair))
# in the order in which expand() lists the files
PAIR_KEYS = list(product(MODELS, BENCH.seeds, BENCH.modes, BENCH.pairs))
TABLES = ["single_task", "addition", "addition_per_task", "negation", "negation_per_task"]
HEATMAPS = [*MODELS, *(BENCH.pairs if len(MODELS) > 1 else [])]
SCATTERED = [mode for mode in BENCH.modes if mode != "standard" and "standard" in BENCH.modes]
FIGURES = [
    *(f"single_task_standard_{mode}" for mode in SCATTERED),
    *(f"{kind}_{model}" for kind in ("alpha_sweep", "loss") for model in MODELS),
]


wildcard_constraints:
    model="|".join(map(re.escape, MODELS)),
    task="|".join(map(re.escape, [*TASKS, CONTROL])),
    mode="|".join(map(re.escape, dict.fromkeys([*BENCH.modes, *BENCH.trained_modes]))),
    seed=r"\d+",
    split="|".join(SPLITS),


def code(script):
    """Digest of a script and all project modules it reaches: as a param, it reruns what a changed line touches."""
    return code_digest(ROOT, f"workflow_scripts/{script}.py")


def source_code(dataset):
    """Digests of what prepares a data set: the script, the data set's own reader, its class names and templates."""
    files = [ROOT / f"lib/data/tasks/{dataset}.yaml"]
    readers = [code_digest(ROOT, f"lib/data/readers/{module}.py") for module in reader_modules(dataset)]
    return [code("prepare"), *readers, *(file_digest(path) for path in files if path.exists())]


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


def architecture(key):
    """A property of the rule's model, as a function of its wildcards."""
    return lambda wildcards: getattr(BENCH.model(wildcards.model), key)


ENCODER = {key: architecture(key) for key in ("architecture", "architectures")}
EVALUATION = {key: BENCH.evaluation[key] for key in ("batch_size", "precision")}


def of_task(key):
    """A property of the rule's task, as a function of its wildcards."""
    return lambda wildcards: getattr(BENCH.task(wildcards.task), key)


def stored(task, splits):
    """The prepared files of a task."""
    return [f"{RUN}/data/{task}/{split}.{kind}" for split in splits for kind in ("images.bin", "index.npz")]


def vectors(tasks):
    """The task vectors that the rule's mode uses; post-hoc linearization owns none and takes the standard ones."""

    def paths(wildcards):
        folder = f"{RUN}/{wildcards.model}/seed{wildcards.seed}/{mode_of(wildcards.mode).vectors_of}"
        names = [wildcards.task] if tasks is None else tasks
        return [f"{folder}/{task}/tau.safetensors" for task in names]

    return paths


def evaluated(pattern, **more):
    """A pattern over every model, seed and mode of the run."""
    return expand(pattern, model=MODELS, seed=BENCH.seeds, mode=BENCH.modes, **more)


def report_files():
    """Every file that the run is for."""
    files = expand(f"{RUN}/tables/{{name}}.{{suffix}}", name=TABLES, suffix=["csv", "md", "tex"])
    files += expand(f"{RUN}/figures/{{name}}.{{suffix}}", name=FIGURES, suffix=["pdf", "png"])
    if BENCH.pairs:
        files += expand(f"{RUN}/figures/disentanglement_{{name}}.{{suffix}}", name=HEATMAPS, suffix=["pdf", "png"])
    return [*files, f"{RUN}/findings.md"]
