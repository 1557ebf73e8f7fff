"""Records against files: every digest and every link, from the tables down to the images."""

from __future__ import annotations

from collections.abc import Iterator

from lib.data.preparing import index_label_digest
from lib.files.digests import SUFFIX
from workflow_scripts.audit.run import Fault, Run
from workflow_scripts.audit.sealing import sealed_names

_RESTORE = "restore it, or run its rule again"


def every_record(run: Run) -> Iterator[Fault]:
    """Every job of the configuration has a record that can be read, of that rule and of those wildcards."""
    for file, what in run.broken_records.items():
        yield Fault(file, what)
    for job in run.jobs:
        found = run.record(job)
        if found is None and job.record not in run.broken_records:
            yield Fault(job.record, f"absent, expected the record of {job.rule} {' '.join(job.wildcards.values())}")
        elif found is not None and (found.rule, dict(found.wildcards)) != (job.rule, dict(job.wildcards)):
            yield Fault(job.record, f"is of {found.name}, expected {job.rule} {' '.join(job.wildcards.values())}")


def what_jobs_generated(run: Run) -> Iterator[Fault]:
    """Every file that a record says was made is there, with the bytes that were made."""
    for record in run.graph.records:
        for file, digest in record.generated.items():
            now = run.digest(file)
            if now is None:
                yield Fault(file, f"absent, but {record.file} says that {record.name} made it; {_RESTORE}")
            elif now != digest:
                yield Fault(file, f"its sha256 is {now[:12]}, {record.file} says {digest[:12]}; {_RESTORE}")


def what_jobs_used(run: Run) -> Iterator[Fault]:
    """Every file that a record says was read was made by a job of the run, with the bytes that were read."""
    for record in run.graph.records:
        for file, digest in record.used.items():
            maker = run.graph.makers.get(file)
            if maker is None:
                yield Fault(record.file, f"{record.name} read {file}, which no record says was made")
            elif maker.generated[file] != digest:
                yield Fault(
                    record.file,
                    f"{record.name} read {file} with sha256 {digest[:12]}, {maker.file} says that it made "
                    f"{maker.generated[file][:12]}",
                )


def digests_beside_files(run: Run) -> Iterator[Fault]:
    """X.sha256 holds the digest of X."""
    for file in run.sidecars():
        told = run.path(f"{file}{SUFFIX}").read_text().split()
        if not told or told[0] != run.digest(file):
            yield Fault(f"{file}{SUFFIX}", f"is not the sha256 of {file}; {_RESTORE}")


def images(run: Run) -> Iterator[Fault]:
    """A split's file holds the digests of its images, its index and its labels; the manifest holds all of that."""
    for task in run.bench.prepared_tasks:
        manifest = run.format(run.files.manifest, task=task.name)
        told = run.json(manifest)
        classes = run.json(run.format(run.files.classes, task=task.name))
        if {key: told.get(key) for key in classes} != classes or told.get("task") != task.name:
            yield Fault(manifest, f"its classes or task are not those of {task.name}; {_RESTORE}")
        if set(told.get("splits", {})) != set(run.parts(task)):
            yield Fault(
                manifest, f"has the splits {sorted(told.get('splits', {}))}, expected {sorted(run.parts(task))}"
            )
        for split in run.parts(task):
            place = run.format(run.files.split, task=task.name, split=split)
            entry = run.json(place)
            if told["splits"].get(split) != entry:
                yield Fault(manifest, f"says of {split} what {place} does not; {_RESTORE}")
            for key, pattern in (("images_sha256", run.files.images), ("index_sha256", run.files.index)):
                file = run.format(pattern, task=task.name, split=split)
                if run.digest(file) != entry.get(key):
                    yield Fault(file, f"its sha256 is not the {key} of {place}; {_RESTORE}")
            index = run.index(task.name, split)
            if len(index["label"]) != entry.get("n"):
                yield Fault(place, f"n is {entry.get('n')}, the index has {len(index['label'])} rows")
            if index_label_digest(index["row"], index["label"]) != entry.get("index_label_sha256"):
                yield Fault(place, "index_label_sha256 is not that of the index")
            if len(index["label"]) and not 0 <= index["label"].min() <= index["label"].max() < len(told["class_names"]):
                yield Fault(run.format(run.files.index, task=task.name, split=split), "labels are out of range")


def the_seal(run: Run) -> Iterator[Fault]:
    """provenance.sha256, written when the run ended, holds the digest of every record."""
    seal = run.path(run.files.seal)
    if not seal.is_file():
        yield Fault(run.files.seal, "absent: the run did not end; run the same command to go on")
        return
    told = dict(reversed(line.split("  ", 1)) for line in seal.read_text().splitlines() if "  " in line)
    there = {record: run.digest(f"{run.files.run}/{record}") for record in sealed_names(run.root, run.files)}
    for name in sorted(told.keys() | there.keys()):
        if told.get(name) != there.get(name):
            state = "changed after the run ended" if name in there else "is gone"
            what = state if name in told else "is not sealed"
            yield Fault(f"{run.files.run}/{name}", f"{what} ({run.files.seal})")


def unknown_files(run: Run) -> Iterator[Fault]:
    """No file lies in the run's folder that no record knows."""
    known = {file for record in run.graph.records for file in record.generated}
    known |= {f"{file}{SUFFIX}" for file in run.sidecars()}
    known |= {run.files.configuration, run.files.seal, run.files.report, run.files.arena_cost}
    known |= {record.file for record in run.graph.records} | set(run.broken_records)
    tasks = run.bench.prepared_tasks
    known |= {run.format(run.files.images, task=task.name, split=part) for task in tasks for part in run.parts(task)}
    expected = {job.record for job in run.jobs}
    for path in sorted(run.path(run.files.run).rglob("*")):
        file = str(path.relative_to(run.root))
        if path.is_dir() or file.startswith(
            (f"{run.files.logs}/", f"{run.files.run}/audit.", f"{run.files.run}/pretraining/")
        ):
            continue
        if file not in known:
            yield Fault(file, "no record knows this file; remove it from the run's folder")
        elif file.startswith(f"{run.files.records}/") and file not in expected and "/pretrain.json" not in file:
            yield Fault(
                file, "is a record of no job of this configuration; remove it, or name the configuration of the run"
            )
