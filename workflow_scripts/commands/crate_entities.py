"""The entities of a run in the words of Workflow Run RO-Crate 0.5: tools, steps, actions, parameters, files.

Each is a dict as it stands in the crate's JSON-LD; what refers to another holds its @id.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from lib.provenance.records import Record
from workflow_scripts.commands.finished_run import FinishedRun
from workflow_scripts.scripts import script_file

Entity = dict[str, object]
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/provenance/0.5": ("Provenance Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
TERMS = {  # of https://w3id.org/ro/terms/workflow-run, beside those of RO-Crate 1.1
    name: f"https://w3id.org/ro/terms/workflow-run#{name}" for name in ("sha256", "resourceUsage")
}
ENGINE = "https://snakemake.github.io"
COMPLETED = "http://schema.org/CompletedActionStatus"
FORMATS = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".md": "text/markdown",
    ".npz": "application/zip",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".py": "text/x-python",
    ".tex": "application/x-tex",
    ".yaml": "application/yaml",
}
UNITS = "http://qudt.org/vocab/unit/"
USAGE = {  # what a record's machine says -> its name, its unit
    "peak_mib": ("peak memory of the process", "MebiBYTE"),
    "peak_gpu_mib": ("peak memory on the GPU", "MebiBYTE"),
    "threads": ("threads", "NUM"),
}
_RULE = re.compile(
    r"^\s*(?:use rule (\w+) as (\w+) with|rule (\w+)):$"
    r'|^\s*(?:"\.\./(workflow_scripts/\S+\.py)",?|script_of\("(\w+)"\))$',
    re.M,
)


def ref(*ids: str) -> Entity | list[Entity]:
    """References to entities: one as it is, several as a list."""
    found = [{"@id": one} for one in ids]
    return found[0] if len(found) == 1 else found


def scripts(rules: Iterable[Path], kind: str) -> dict[str, str]:
    """Rule -> its script in a run of a kind, relative to the project; a rule that uses another one has that one's."""
    found: dict[str, str] = {}
    for file in rules:
        rule = ""
        for base, heir, own, script, asked in _RULE.findall(file.read_text()):
            if script or asked:
                found[rule] = script or script_file(asked, kind)
            elif heir:
                rule, found[heir] = heir, found[base]
            else:
                rule = own
    return found


def encoding(file: str) -> Entity:
    """The media type of a file; bytes or text where it has none of its own."""
    suffix = Path(file).suffix
    other = "application/octet-stream" if suffix in (".safetensors", ".bin", ".pt") else "text/plain"
    return {"encodingFormat": FORMATS.get(suffix, other)}


def formal_parameter(rule: str, key: str, kind: str) -> Entity:
    """A slot of a rule, or of the workflow: a param, or its files."""
    return {
        "@id": f"#parameter/{rule}/{key}",
        "@type": "FormalParameter",
        "name": key,
        "additionalType": kind,
        "conformsTo": {"@id": "https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE"},
    }


def values(record: Record) -> Iterator[Entity]:
    """The params of a job; equal values of a rule are one entity. The digests of code stand in the record alone."""
    for key, value in record.params.items():
        if key == "code":
            continue
        text = value if isinstance(value, (str, int, float)) else json.dumps(value, sort_keys=True)
        digest = hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]
        yield {
            "@id": f"#value/{record.rule}/{key}/{digest}",
            "@type": "PropertyValue",
            "name": key,
            "value": text,
            "exampleOfWork": {"@id": f"#parameter/{record.rule}/{key}"},
        }


def usage(record: Record) -> Iterator[Entity]:
    """What a job took of its machine."""
    known = {"seconds": ("duration", "SEC", record.seconds)}
    known |= {key: (*named, record.machine.get(key)) for key, named in USAGE.items()}
    for key, (name, unit, value) in known.items():
        if value is not None:
            yield {
                "@id": f"#usage/{record.file}/{key}",
                "@type": "PropertyValue",
                "name": name,
                "propertyID": key,
                "unitCode": f"{UNITS}{unit}",
                "value": value,
            }


def tool(rules: Sequence[str], script: str, version: str, keys: Mapping[str, Sequence[str]]) -> Entity:
    """The script that runs some rules; keys: rule -> its params."""
    inputs = [f"#parameter/{rule}/{key}" for rule in rules for key in keys[rule]]
    return {
        "@type": ["File", "SoftwareSourceCode"],
        "name": script,
        "description": f"Script of {', '.join(rules)}",
        "version": version,
        "programmingLanguage": {"@id": "#python"},
        **({"input": ref(*inputs)} if inputs else {}),
    }


def step(rule: str, position: int, script: str) -> Entity:
    """A rule of the workflow."""
    return {
        "@id": f"#step/{rule}",
        "@type": "HowToStep",
        "name": rule,
        "position": str(position),
        "workExample": {"@id": script},
    }


def job(record: Record, script: str, *, used: Sequence[str], made: Sequence[str], agent: Sequence[str]) -> Entity:
    """A finished job. used, made: ids of files and sources."""
    machine = record.machine
    commit = f"{record.code.get('commit')}{', with changes' if record.code.get('modified') else ''}"
    return {
        "@id": f"#job/{record.file}",
        "@type": "CreateAction",
        "name": record.name,
        "description": (
            f"One job of the rule {record.rule} on {machine.get('host')} ({machine.get('processor')}, "
            f"GPU {machine.get('gpu') or 'none'}), code at commit {commit}"
        ),
        "instrument": {"@id": script},
        "object": ref(*used, *(value["@id"] for value in values(record))),
        "result": ref(*made),
        "startTime": record.startedAtTime,
        "endTime": record.endedAtTime,
        "actionStatus": COMPLETED,
        "resourceUsage": ref(*(entity["@id"] for entity in usage(record))),
        "subjectOf": {"@id": record.file},
        **({"agent": ref(*agent)} if agent else {}),
    }


def sources(run: FinishedRun, record: Record) -> Iterator[Entity]:
    """What a job read from outside the run: weights, images."""
    name = " ".join(record.wildcards.values())
    if record.rule == "pretrained":
        told = {"name": f"weights of {name}", "description": run.weights(record)}
        yield {"@id": f"#weights/{name}", "@type": "CreativeWork", "sha256": record.params["weights"], **told}
    elif record.rule in ("prepare", "prepare_control"):
        name = str(record.params["name"])
        told = {"name": f"images of {name}", "description": run.source(record)}
        yield {"@id": f"#images/{name}", "@type": "CreativeWork", **told}
    elif record.rule == "import_checkpoint":
        told = {"name": f"third-party checkpoint {name}", "sha256": record.params["checkpoint"]}
        yield {"@id": f"#checkpoint/{name.replace(' ', '/')}", "@type": "CreativeWork", **told}


def control(record: Record) -> Entity:
    """The workflow engine's start of a job."""
    return {
        "@id": f"#control/{record.file}",
        "@type": "ControlAction",
        "name": f"start of {record.name}",
        "instrument": {"@id": f"#step/{record.rule}"},
        "object": {"@id": f"#job/{record.file}"},
        "actionStatus": COMPLETED,
    }


def whole(records: Sequence[Record], *, used: Sequence[str], made: Sequence[str], agent: Sequence[str]) -> list[Entity]:
    """The run of the whole workflow, and the engine's organization of its jobs."""
    moments = {"startTime": min(r.startedAtTime for r in records), "endTime": max(r.endedAtTime for r in records)}
    by = {"agent": ref(*agent)} if agent else {}
    run = {
        "@id": "#run",
        "@type": "CreateAction",
        "name": "run of the workflow",
        "description": f"{len(records)} jobs; those that a change did not affect may be of earlier invocations",
        "instrument": {"@id": "Snakefile"},
        "object": ref(*used),
        "result": ref(*made),
        "actionStatus": COMPLETED,
    }
    organized = {
        "@id": "#organization",
        "@type": "OrganizeAction",
        "name": "Snakemake's run of the jobs",
        "instrument": {"@id": ENGINE},
        "object": ref(*(f"#control/{record.file}" for record in records)),
        "result": {"@id": "#run"},
        "actionStatus": COMPLETED,
    }
    return [{**run, **moments, **by}, {**organized, **moments, **by}]


def profiles() -> list[Entity]:
    """The profiles that the crate conforms to."""
    return [
        {"@id": url, "@type": "CreativeWork", "name": name, "version": version}
        for url, (name, version) in PROFILES.items()
    ]


def engine(records: Sequence[Record]) -> list[Entity]:
    """Snakemake in the version that ran the last job, and Python."""
    last = max(records, key=lambda record: record.endedAtTime)
    return [
        {
            "@id": ENGINE,
            "@type": "SoftwareApplication",
            "name": "Snakemake",
            "url": ENGINE,
            "softwareVersion": last.versions.get("snakemake", "unknown"),
        },
        {
            "@id": "#python",
            "@type": "ComputerLanguage",
            "name": "Python",
            "url": "https://www.python.org/",
            "version": last.versions.get("python", "unknown"),
        },
    ]
