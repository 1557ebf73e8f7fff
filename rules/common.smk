# What all rules share: the checked configuration, names of files, digests of code, resources.

import json
import re
import sys
from itertools import product
from pathlib import Path

ROOT = Path(workflow.basedir)
sys.path.insert(0, str(ROOT))

import yaml

from lib.editing.coefficients import alpha_grid
from lib.editing.merging_rules import MOMENTS, RULES
from lib.files import atomic
from lib.files.digests import SUFFIX, file_digest
from lib.reporting.labels import title
from lib.training import modes
from workflow_scripts import versions
from workflow_scripts.audit.sealing import seal, sealed_names
from workflow_scripts.code import code, evaluation_plugins, packages, training_plugins
from workflow_scripts.configuration import arena, drift, resolution
from workflow_scripts.configuration.benchmark import ConfigurationError, load, read_effective
from workflow_scripts.configuration.pins import require_pinned
from workflow_scripts.configuration.places import PlaceError, require_writable
from workflow_scripts.job import forked, search_path
from workflow_scripts.layout import SPLITS, Layout
from workflow_scripts.scripts import script_file

search_path.export(ROOT)

try:  # the files themselves: Snakemake's own reading of them passes over keys that are there twice
    settings = workflow.config_settings
    whole = read_effective([*map(Path, settings.configfiles or ["config.yaml"])], settings.config_args or [])
    BENCH = load(whole, look=workflow.is_main_process)
    require_pinned(BENCH)
    FILES = Layout.of(BENCH.run)
    if workflow.is_main_process:
        require_writable([FILES.run, FILES.scratch])
except (ConfigurationError, PlaceError) as error:
    sys.exit(str(error))
config.clear()
# what scripts and captions see: scripts look for every task among the tasks, captions name those of the benchmark
config.update({**whole, "tasks": [*whole["tasks"], *whole.get("auxiliary", [])], "task_names": BENCH.task_names})

if workflow.is_main_process and BENCH.package_versions == "warn" and versions.other_versions(FILES.records):
    logger.warning(
        "\n".join(
            [
                "Other package versions:",
                *versions.other_versions(FILES.records),
                "To run those jobs again: package_versions: rerun",
            ]
        )
    )
ENVIRONMENT = "../envs/environment.yaml"
TASKS = BENCH.task_names
FINE_TUNED = [*TASKS, *(task.name for task in BENCH.auxiliary)]
CONTROL = BENCH.control.name
MODELS = [model.name for model in BENCH.pretrained]  # those of random_init are in its table alone
SEARCH_SPACE = [BENCH.evaluation["alphas"]["start"], BENCH.evaluation["alphas"]["stop"]]
EVALUATION = resolution.evaluating(BENCH)


LEARNED = [rule for rule in BENCH.rules if RULES[rule].learned]


wildcard_constraints:
    model="|".join(re.escape(model.name) for model in BENCH.models),
    task="|".join(map(re.escape, [*FINE_TUNED, CONTROL])),
    mode="|".join(map(re.escape, dict.fromkeys([*BENCH.modes, *BENCH.trained_modes]))),
    merging="|".join(map(re.escape, BENCH.rules)),
    quadruple="|".join(map(re.escape, BENCH.analogies.by_name)) or "(?!)",
    control="|".join(map(re.escape, TASKS)),
    seed=r"\d+",
    split="|".join(SPLITS),


def fork_jobs():
    """Fork the jobs of a local run from a process that has imported their packages, if there are enough."""
    if workflow.local_exec:
        forks = forked.start(jobs=sum(job.threads == 1 for job in workflow.dag.needrun_jobs()))
        if forks:
            shell.prefix(forks.prefix)


def code_of(rule, plugins=lambda wildcards: []):
    """A rule's digests of code, with those of the modules that a job loads by name; and, if the configuration wants
    that, the versions of the packages that they import."""

    def digests(wildcards):
        found = code(rule, *plugins(wildcards), kind=BENCH.kind)
        return {**found, **(packages(found) if BENCH.package_versions == "rerun" else {})}

    return digests


def script_of(rule):
    """The script of a rule that has one for images and one for texts, relative to the rules."""
    return f"../{script_file(rule, BENCH.kind)}"


def large(paths):
    """Files too large to be compared by content, as inputs: whatever their age. What lies beside them is compared."""
    return ancient(paths)


def beside(paths):
    """The small files with the digests of large ones."""
    return [f"{path}{SUFFIX}" for path in ([paths] if isinstance(paths, str) else paths)]


def resource(stage, key):
    """A rule's resource from the configuration's table; memory and time grow with each retry."""

    def value(wildcards, attempt=1):
        table = BENCH.request(stage, getattr(wildcards, "model", None))
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


def of_pairs(pattern):
    """A pattern's files of all pairs of tasks."""
    return [pattern.replace("{pair}", pair) for pair in BENCH.pairs]


def over_runs(pattern, evaluation, models=BENCH.pretrained, **more):
    """A pattern over every model, seed and mode that take part in an evaluation."""
    return [path for where in BENCH.evaluated(evaluation, models) for path in expand(pattern, **where, **more)]


def over_additions(name, models=BENCH.pretrained):
    """A file of every addition: model, seed, mode, merging rule."""
    return [f"{FILES.addition}/{name}".format(**where) for where in BENCH.additions(models)]


def accuracies_of(models):
    """The single-task accuracies of models: before fine-tuning, then after it in every mode."""
    before = expand(FILES.pretrained_accuracy, model=[model.name for model in models])
    return [*before, *over_runs(FILES.single_task, "single_task", models)]


EVALUATED = {  # params of every evaluation in a mode
    "architecture": of_model(resolution.image_architecture),
    "model": lambda wildcards: resolution.evaluation(wildcards.mode, BENCH.kind),
    "evaluation": EVALUATION,
}


def evaluation_code(rule, plugins=lambda wildcards: []):
    """Digests of code of a rule that evaluates models in a mode."""

    def loaded(wildcards):
        return [*evaluation_plugins(modes.get(wildcards.mode), BENCH.kind), *plugins(wildcards)]

    return code_of(rule, loaded)


# data


def prepared(task, splits):
    """The outputs of a task's preparation."""
    return {
        "images": [FILES.images.format(task=task, split=split) for split in splits],
        "index": [FILES.index.format(task=task, split=split) for split in splits],
        "splits": [FILES.split.format(task=task, split=split) for split in splits],
        "classes": FILES.classes.format(task=task),
        "manifest": FILES.manifest.format(task=task),
        "provenance": FILES.record("prepare", task),
    }


def preparation(key):
    """A param of a task's preparation, as a function of the rule's wildcards."""

    def value(wildcards):
        name = getattr(wildcards, "task", CONTROL)
        return resolution.preparation(BENCH, BENCH.task(name), Path(FILES.record("prepare", name)))[key]

    return value


PREPARATION = {
    key: preparation(key)
    for key in (
        "name",
        "reading",
        "options",
        "image_size",
        "train_short_side",
        "split",
        "task_file",
        "source_fingerprint",
        *(["tokens"] if BENCH.texts else []),
    )
}
READER = code_of("prepare", lambda wildcards: [preparation("reading")(wildcards)["reader"]])


# training


def of_tasks(kinds, tasks, wildcards):
    """Kind of file -> task -> files, as objectives and merging rules declare them (`Layout.of_a_task`)."""
    known = [{**dict(wildcards), "task": task} for task in tasks]
    return {
        kind: {one["task"]: [file.format(**one) for file in FILES.of_a_task(kind)] for one in known} for kind in kinds
    }


def others_of(tasks, wildcards):
    """The files that the mode's objective reads of the run's tasks beside these."""
    return of_tasks(modes.get(wildcards.mode).others, [task for task in TASKS if task not in tasks], wildcards)


def others(wildcards):
    """The files that the mode's objective reads of the other tasks, and of the rule's own as the kinds `own_{kind}`."""
    own = of_tasks(modes.get(wildcards.mode).own, [wildcards.task], wildcards)
    return others_of([wildcards.task], wildcards) | {f"own_{kind}": files for kind, files in own.items()}


def statistics(wildcards):
    """The files that the merging rule reads of every task."""
    return of_tasks(RULES[wildcards.merging].statistics, TASKS, wildcards)


def learned_from(wildcards):
    """The split whose images coefficients are learned on: test for those that say so, val for all others."""
    return RULES[wildcards.merging].learned["split"]


def read_of(files):
    """All of them as inputs: small ones compared by content, large ones whatever their age."""
    paths = [path for by_task in files.values() for listed in by_task.values() for path in listed]
    return [path if path.endswith((".json", SUFFIX)) else large(path) for path in dict.fromkeys(paths)]


def first_of(files):
    """What the job is told: kind of file -> task -> the first file."""
    return {kind: {task: listed[0] for task, listed in by_task.items()} for kind, by_task in files.items()}


# controls of negation, analogies

CONTROLS = resolution.negation_controls(BENCH)


def control_vectors():
    """The task vectors of the controls of negation, for the rule's model, seed and task."""
    return [FILES.tau.replace("{mode}", mode) for mode in CONTROLS.values()]


def over_controls(pattern):
    """A pattern over every job on controls of negation: model, seed, mode and task."""
    return [pattern.format(**where) for where in BENCH.controls_of_negation()]


def d_of(wildcards):
    """Task d of the rule's quadruple, as a list."""
    return [BENCH.analogies.by_name[wildcards.quadruple][3]]


def head_of_d(wildcards):
    """The head of task d, for the rule's model."""
    return FILES.head.format(model=wildcards.model, task=d_of(wildcards)[0])


def quadruple_vectors(count):
    """The task vectors of the first `count` of the tasks a, b, c and d of the rule's quadruple, by its wildcards."""
    return lambda wildcards: vectors(BENCH.analogies.by_name[wildcards.quadruple][:count])(wildcards)


def over_analogies(name, modes):
    """A file of every model, seed and quadruple, in these modes."""
    return [f"{FILES.analogy}/{name}".format(**where) for where in BENCH.analogous(modes)]


# kernels

KERNELS = {"architecture": of_model(resolution.image_architecture), "memory_mib": BENCH.kernels.memory_mib}
LOCALIZED = [f"{model}_{task}_{control}" for model in MODELS for task, control in BENCH.kernels.pairs]
WIDE_NETWORKS = ["width", "training"]


def kernel_code(rule, mode):
    """Digests of code of a rule on kernels, which loads a mode's encoder; `mode` gives its name, by the wildcards."""
    return code_of(rule, lambda wildcards: [modes.get(mode(wildcards)).encoder_module_of(BENCH.kind)])


def over_localized():
    """The file of local energies of every model, task and control task."""
    return [FILES.localization.format(**where) for where in BENCH.kernels.localized(BENCH.models)]


def over_regressed(name):
    """A file of every kernel regression."""
    return [f"{FILES.regression}/{name}".format(**where) for where in BENCH.kernels.regressed(BENCH.pretrained)]


def over_drifts(name):
    """A file of every measurement of drift: model, seed, mode."""
    return [f"{FILES.drift}/{name}".format(**where) for where in drift.measured(BENCH)]


def of_kernels():
    """Every table and figure of the kernel view that the run asks for."""
    kernels = BENCH.kernels
    files = []
    if kernels.localization:
        files += tables("localization") + figures(*(f"localization_{of}" for of in [*LOCALIZED, "cut_offs"]))
    if kernels.regression:
        files += tables("kernel_regression") + figures(*(f"kernel_regression_{model}" for model in MODELS))
    if kernels.wide_networks:
        files += tables("wide_networks") + figures(*(f"wide_networks_{part}" for part in WIDE_NETWORKS))
    if kernels.laziness:
        files += tables("laziness") + figures(*(f"laziness_{model}" for model in MODELS))
    if kernels.drift:
        files += tables("drift")
    return files


# reporting


def other_versions(wildcards):
    """What the tables say of jobs that ran with other package versions."""
    return versions.other_versions(FILES.records) if BENCH.package_versions == "warn" else []


TABLES = ["single_task", "addition", "addition_per_task", "negation", "negation_per_task"]
RANDOM_INIT = ["random_init"] if BENCH.random_init else []
HEATMAPS = [*MODELS, *(BENCH.pairs if len(MODELS) > 1 else [])]
GRIDS = over_runs(FILES.disentanglement, "disentanglement", pair=BENCH.pairs)
OUTCOMES = over_runs(FILES.outcomes, "disentanglement", pair=BENCH.pairs)


def of_vectors(pattern):
    """A pattern over every model, seed, and mode with task vectors of its own that are added."""
    return [pattern.format(**where) for where in BENCH.compared()]


def of_subsets(name):
    """A file of every addition with subsets of the task vectors."""
    return [f"{FILES.subsets}/{name}".format(**where) for where in BENCH.subset_runs]


# whose labels the findings need, beside resampled accuracies
LABELLED = list(
    dict.fromkeys([*(TASKS if BENCH.subset_runs else []), *BENCH.analogies.targets, *BENCH.kernels.regression_tasks])
)


def arena_sweeps(name):
    """A file of every addition by `sum`, of which the arena's findings compare alphas; none without the arena."""
    return [] if BENCH.arena is None else [f"{FILES.addition}/{name}".format(**where) for where in arena.sums(BENCH)]


def figures(*names):
    """The files of figures."""
    return [f"{FILES.figures}/{name}.{suffix}" for name in names for suffix in ("pdf", "png")]


def tables(*names, suffixes=("csv", "md", "tex")):
    """The files of tables."""
    return [f"{FILES.tables}/{name}.{suffix}" for name in names for suffix in suffixes]


def shown(file, caption, category, subcategory=None, **labels):
    """A file as part of the report: its caption is report/{caption}.rst, the labels tell it from others beside it."""
    place = f"{ROOT}/report/{caption}.rst"
    return report(file, caption=place, category=category, subcategory=subcategory, labels=labels)


def shown_figures(kind, pattern, **values):
    """The files of a kind of figure, one for each combination of values in the pattern; the png is in the report.

    The caption is report/figures/{kind}.rst; the values are the labels, a mode by its title.
    """
    names = list(values)
    found = []
    for chosen in product(*values.values()):
        labels = {name: title(value) if name == "mode" else str(value) for name, value in zip(names, chosen)}
        pdf, png = figures(pattern.format(**dict(zip(names, chosen))))
        found += [pdf, shown(png, f"figures/{kind}", "Figures", kind.replace("_", " ").capitalize(), **labels)]
    return found


def shown_tables(*names, **more):
    """The files of tables; the csv file is in the report, beside the page that the rule `pages` makes of the table."""
    return [shown_table(file, "values (csv)") if file.endswith(".csv") else file for file in tables(*names, **more)]


def shown_table(file, format):
    """A file of a table, as part of the report; its caption is report/tables/{name}.rst."""
    name = Path(file).stem
    return shown(file, f"tables/{name}", "Tables", table=name.replace("_", " "), format=format)


def page(text):
    """The HTML page of a Markdown file, as part of the report."""
    file = f"{text.removesuffix('.md')}.html"
    if text == FILES.findings:
        return shown(file, "findings", "Findings", findings="page")
    return shown_table(file, "page")


def report_files():
    """Every file that the run is for."""
    files = tables(*TABLES, *RANDOM_INIT, "similarity")
    files += figures(*(f"single_task_standard_{mode}" for mode in BENCH.scattered))
    files += figures(*(f"{kind}_{model}" for kind in ("alpha_sweep", "loss", "similarity") for model in MODELS))
    if BENCH.subset_runs:
        files += tables("subsets")
        files += figures(*(f"{kind}_{model}" for kind in ("subsets", "pairs") for model in MODELS))
    if BENCH.arena is not None:
        files += tables("arena") + figures("arena")
    if BENCH.pairs:
        files += tables("disentanglement")
        files += figures(*(f"{kind}_{name}" for kind in ("disentanglement", "representation") for name in HEATMAPS))
    if BENCH.negation_controls:
        files += tables("negation_controls")
    if BENCH.analogies.by_name:
        files += tables("analogies")
    if BENCH.analogies.few_shot_modes:
        files += figures(*(f"analogies_{model}" for model in MODELS))
    files += of_kernels()
    files += tables("reproduction", suffixes=("csv", "md"))
    return [*files, FILES.findings, FILES.findings_table]
