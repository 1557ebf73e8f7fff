"""What decided the run: configuration, params, code, seeds, each against what the records say."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping

import numpy as np
import yaml

from lib.data.splits import fit_and_validation
from lib.editing.coefficients import alpha_grid
from lib.editing.merging_rules import MOMENTS
from lib.provenance.code_digest import code_digests
from lib.training import modes
from lib.training.schedule import learning_rate
from workflow_scripts.audit.run import Fault, Job, Run
from workflow_scripts.code import OUTSIDE
from workflow_scripts.configuration import arena, resolution


def configuration(run: Run, effective: Mapping[str, object]) -> Iterator[Fault]:
    """The configuration that the run wrote down is the one of this audit. effective: with its base."""
    place = run.files.configuration
    told = yaml.safe_load(run.path(place).read_text())
    for key in sorted(told.keys() | effective.keys(), key=str):
        if told.get(key) != effective.get(key):
            yield Fault(place, f"{key} is {told.get(key)!r:.80}, the configuration says {effective.get(key)!r:.80}")


def params(run: Run) -> Iterator[Fault]:
    """Every job ran with the values that the configuration gives it."""
    for job in run.jobs:
        record = run.record(job)
        for key, value in _expected(run, job).items() if record is not None else ():
            told, wanted = record.params.get(key), json.loads(json.dumps(value))
            if told != wanted:
                yield Fault(
                    record.file, f"{record.name} ran with {key} {told!r:.80}, the configuration says {wanted!r:.80}"
                )


def _expected(run: Run, job: Job) -> dict[str, object]:
    """The params of a job that say what it does, from the configuration."""
    bench, where = run.bench, job.wildcards
    floor, grid = bench.evaluation["control_floor"], bench.evaluation["alphas"]
    if job.rule.startswith("prepare"):
        task = bench.task(where.get("task", bench.control.name))
        found = resolution.preparation(bench, task, run.path(job.record))
        return {key: value for key, value in found.items() if key != "source_fingerprint"}
    model = bench.model(where["model"]) if "model" in where else None
    if job.rule in ("zero_shot", "single_task", "addition", "negation", "disentanglement", "subsets"):
        return _expected_of_evaluation(run, job)
    if job.rule in ("coefficients", "gram", "fisher"):
        return _expected_of_merging(run, job)
    if job.rule in ("negation_controls", "analogy", "few_shot"):
        return _expected_of_controls_and_analogies(run, job)
    if job.rule in ("localization", "kernel_regression", "laziness", "wide_networks"):
        return _expected_of_kernels(run, job)
    if job.rule == "finetune":
        return {
            "architecture": resolution.image_architecture(model),
            "training": resolution.training(where["mode"], bench.kind),
            "epochs": bench.task(where["task"]).epochs,
            "accumulate": model.accumulate,
            "processes": model.processes,
            "image_size": bench.image_size,
            "recipe": resolution.recipe(bench, where["mode"]),
        }
    if job.rule == "drift":
        return {"architecture": resolution.image_architecture(model), **resolution.drift(bench)}
    if job.rule == "curvature":
        return {"architecture": resolution.image_architecture(model), **resolution.curvature(bench.kind)}
    if job.rule in ("pretrained", "head"):
        tower = None if model.image_tower is None else dict(model.image_tower)
        weights = {"weights": resolution.weights(model), "activation": model.activation, "image_tower": tower}
        return {"configuration": resolution.architecture(model)} | (weights if job.rule == "pretrained" else {})
    if job.rule in ("subset_tables", "subset_figures"):
        drawn = dict(bench.bootstrap) if job.rule == "subset_tables" else {}
        return {"tasks": bench.task_names, "samples": resolution.samples(bench), **drawn}
    if job.rule == "arena_table":
        return {"tasks": bench.task_names, "reads": arena.reads(bench), "costs": arena.training_costs(bench)}
    if job.rule == "drift_table":
        return {"tasks": bench.task_names, "bootstrap": dict(bench.bootstrap)}
    if job.rule.startswith("similarity"):
        return {"tasks": bench.task_names}
    if job.rule == "disentanglement_table":
        return {"search_space": [grid["start"], grid["stop"]], "bootstrap": dict(bench.bootstrap)}
    if job.rule == "bootstrap":
        return {"tasks": [task.name for task in run.tasks], **bench.bootstrap}
    if job.rule in ("tables", "random_init", "reproduction"):
        return {"tasks": bench.task_names, "control": bench.control.name}
    return {"control_floor": floor, "search_space": [grid["start"], grid["stop"]]} if job.rule == "findings" else {}


def _expected_of_evaluation(run: Run, job: Job) -> dict[str, object]:
    bench, where = run.bench, job.wildcards
    model = bench.model(where["model"])
    found = {"architecture": resolution.image_architecture(model), "evaluation": resolution.evaluating(bench)}
    found |= {"model": resolution.evaluation(where.get("mode", "standard"), bench.kind), "tasks": bench.task_names}
    match job.rule:
        case "zero_shot":
            return found | {"tasks": [task.name for task in run.tasks]}
        case "addition":
            merged_by = resolution.merging(bench, where["merging"])
            return found | {"merged_by": merged_by, "random_init": model.image_tower is not None}
        case "negation":
            tasks, alphas = [where["task"], bench.control.name], alpha_grid(**bench.evaluation["alphas"])
            return found | {"control_floor": bench.evaluation["control_floor"], "alphas": alphas, "tasks": tasks}
        case "subsets":
            return found | resolution.subsets(bench, where["mode"])
        case "disentanglement":
            given = bench.disentanglement
            pairs = [list(pair) for pair in given["pairs"]]
            drawn = {"alphas": alpha_grid(**given["alphas"]), "images": given["images"], "seed": given["seed"]}
            return found | {
                "pairs": pairs,
                "tasks": list(dict.fromkeys(task for pair in pairs for task in pair)),
                **drawn,
            }
    return found


def _expected_of_merging(run: Run, job: Job) -> dict[str, object]:
    """Of learned coefficients and of moments, which merging rules read."""
    bench, where = run.bench, job.wildcards
    found = {"architecture": resolution.image_architecture(bench.model(where["model"]))}
    known = resolution.evaluation(where["mode"], bench.kind)
    if job.rule == "coefficients":
        learned_by = resolution.learned(bench, where["mode"], where["merging"])
        found |= {"evaluation": resolution.evaluating(bench), "model": known, "tasks": bench.task_names}
        return found | {"learned_by": learned_by}
    tangent = modes.get(where["mode"]).tangent
    return found | {"encoder": known["encoder"], "tangent": tangent, "drawn": dict(MOMENTS)}


def _expected_of_controls_and_analogies(run: Run, job: Job) -> dict[str, object]:
    bench, where, mode = run.bench, job.wildcards, job.wildcards.get("mode", "standard")
    model, alphas = bench.model(where["model"]), {"alphas": alpha_grid(**bench.evaluation["alphas"])}
    found = {"architecture": resolution.image_architecture(model), "evaluation": resolution.evaluating(bench)}
    found |= {"model": resolution.evaluation(mode, bench.kind)}
    if job.rule == "negation_controls":
        controls, tasks = resolution.negation_controls(bench), [where["task"], bench.control.name]
        floor, seed = bench.evaluation["control_floor"], bench.negation_controls["seed"]
        return found | alphas | {"controls": controls, "tasks": tasks, "control_floor": floor, "seed": seed}
    quadruple = list(bench.analogies.by_name[where["quadruple"]])
    if job.rule == "analogy":
        return found | alphas | {"quadruple": quadruple, "tasks": quadruple[3:]}
    return found | {
        "training": resolution.training(mode, bench.kind),
        "recipe": resolution.few_shot_recipe(bench, mode),
        "shots": bench.analogies.shots,
        "accumulate": model.accumulate,
        "image_size": bench.image_size,
        "tasks": quadruple[3:],
    }


def _expected_of_kernels(run: Run, job: Job) -> dict[str, object]:
    kernels, mode = run.bench.kernels, job.wildcards.get("mode", "standard")
    if job.rule == "wide_networks":
        return {"networks": kernels.network_settings, "memory_mib": kernels.memory_mib}
    drawn = {
        "localization": kernels.localization_settings,
        "kernel_regression": kernels.regression_settings,
        "laziness": kernels.laziness,
    }[job.rule]
    training = resolution.training(mode, run.bench.kind)
    own = {"trains": training["trains"], "tasks": run.bench.task_names} if job.rule == "laziness" else {}
    architecture = resolution.image_architecture(run.bench.model(job.wildcards["model"]))
    shared = {"architecture": architecture, "memory_mib": kernels.memory_mib, "encoder": training["encoder"]}
    return shared | own | {"drawn": drawn}


def code(run: Run) -> Iterator[Fault]:
    """The code of every job is the project's code as it is now, but for what people alone read."""
    differing: dict[tuple[str, str], list[str]] = {}
    now: dict[str, str | None] = {}
    for record in run.graph.records:
        for file, digest in record.params.get("code", {}).items():
            if not file.endswith(".py"):
                continue
            if file not in now:
                there = (run.project / file).is_file()
                now[file] = code_digests(run.project, [file], outside=tuple(OUTSIDE)).get(file) if there else None
            if now[file] != digest:
                differing.setdefault((file, digest), []).append(record.name)
    for (file, digest), names in sorted(differing.items()):
        yield Fault(
            file, f"is not the code that {len(names)} jobs ran with ({digest[:12]}), the first of them {names[0]}"
        )


def splits(run: Run) -> Iterator[Fault]:
    """fit and val are disjoint, and drawn as the configured seed draws them."""
    for task in run.bench.prepared_tasks:
        parts = {part: run.index(task.name, part)["row"] for part in run.parts(task)}
        place = run.format(run.files.data, task=task.name)
        for part, rows in parts.items():
            if len(np.unique(rows)) != len(rows):
                yield Fault(place, f"{part} holds a row twice")
        n = run.training_images(task)
        if n is None:
            continue
        fit, val = fit_and_validation(n, **run.bench.split)
        for part, drawn in (("fit", fit), ("val", val)):
            if part in parts and not np.array_equal(np.sort(parts[part]), np.sort(drawn)):
                yield Fault(place, f"{part} is not what the seed {run.bench.split['seed']} draws from {n} images")
        if "fit" in parts and np.intersect1d(parts["fit"], parts["val"]).size:
            yield Fault(place, "fit and val share images")


def training_logs(run: Run) -> Iterator[Fault]:
    """A row for each step of the configured epochs, with finite losses and the scheduled rates."""
    for job in run.jobs:
        if job.rule != "finetune":
            continue
        where, recipe = job.wildcards, resolution.recipe(run.bench, job.wildcards["mode"])
        place = run.format(run.files.training_log, **where)
        log = run.frame(place)
        steps = run.bench.task(where["task"]).epochs * math.ceil(run.n(where["task"], "fit") / recipe["batch_size"])
        if log["step"].tolist() != list(range(1, steps + 1)):
            yield Fault(place, f"has {len(log)} rows, expected one for each of {steps} steps")
            continue
        if not np.isfinite(log["loss"]).all():
            yield Fault(place, "a loss is not finite")
        schedule = {"peak": recipe["learning_rate"], "warmup": recipe["warmup"], "steps": steps}
        rates = [learning_rate(step, **schedule) for step in range(steps)]
        if not np.allclose(log["learning_rate"], rates, rtol=1e-6, atol=0):
            yield Fault(place, "its learning rates are not those of the configured schedule")
        if (log["mode"] != where["mode"]).any() or (log["task"] != where["task"]).any():
            yield Fault(place, "is the log of another run")
