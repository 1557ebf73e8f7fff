"""A finished run as a Workflow Run RO-Crate (provenance run crate 0.5), for archives and WorkflowHub.

.venv-crate/bin/python -m workflow_scripts.commands.crate --configfile demo/config.yaml

Small files are copied; those above 1 MB, weights and images stand in it by name, size and sha256. In .venv-crate.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from rocrate.model.contextentity import ContextEntity
from rocrate.rocrate import ROCrate

from lib.files.digests import file_digest
from workflow_scripts.commands import crate_entities as entities
from workflow_scripts.commands.crate_entities import Entity, ref
from workflow_scripts.commands.crate_validation import validated
from workflow_scripts.commands.finished_run import FinishedRun, RunError
from workflow_scripts.commands.lines import tell

ROOT = Path(__file__).resolve().parents[2]
METADATA = "ro-crate-metadata.json"
MOST_BYTES = 1_000_000  # of a file that is copied
REFERRED = (".safetensors", ".images.bin", ".pt")  # never copied
CODE = ("Snakefile", "rules/*.smk", "envs/*.yaml", "envs/*.in", "envs/*.lock", "README.md", "LICENSE*")


class Crate:
    """The crate of a run in the making."""

    def __init__(self, run: FinishedRun, *, agent: str | None, licence: str | None):
        self.run, self.records = run, run.graph.records
        self.crate = ROCrate(version="1.1")
        self.crate.metadata.extra_terms.update(entities.TERMS)
        self.scripts = entities.scripts(sorted((ROOT / "rules").glob("*.smk")), run.kind)
        self.ids: dict[str, str] = {}  # path -> @id
        self.agent = [self._agent(agent)] if agent else []
        self._licence(licence)

    def build(self) -> ROCrate:
        """Add everything. Raises RunError for a file that is gone or is not what its job made, and for a script that is
        not the one that its jobs ran.
        """
        self._workflow()
        self._results()
        self._jobs()
        self._root()
        return self.crate

    def add(self, entity: Mapping[str, object]) -> str:
        """Add a contextual entity, once; return its @id."""
        name = str(entity["@id"])
        if self.crate.dereference(name) is None:
            properties = {key: value for key, value in entity.items() if key != "@id"}
            self.crate.add(ContextEntity(self.crate, name, properties=properties))
        return self.crate.dereference(name).id

    def _file(self, base: Path, file: str, digest: str | None, **properties: object) -> str:
        """Add a file below `base`, copied if it is small; return its @id."""
        if file in self.ids:
            return self.ids[file]
        path = base / file
        size = path.stat().st_size if path.is_file() else None
        referred = size is None or size > MOST_BYTES or file.endswith(REFERRED)
        if not referred:
            digest = self._checked(path, file, digest)
        known = {"name": self.run.name(file) if base == self.run.root else file, **entities.encoding(file)}
        known |= {"sha256": digest} if digest else {}
        known |= {} if size is None else {"contentSize": str(size)}
        if referred:
            told = "by reference: not in the crate; identified by its sha256"
            added = self.crate.add_jsonld(
                {"@id": f"#{file}", "@type": "File", "description": told, **known, **properties}
            )
        else:
            added = self.crate.add_file(path, file, properties={**known, **properties})
        self.ids[file] = added.id
        return added.id

    def _checked(self, path: Path, file: str, digest: str | None) -> str:
        found = file_digest(path)
        if digest is not None and found != digest:
            raise RunError(f"{file} is not what its job made (sha256 {digest}): remove it, run snakemake again")
        return found

    def _workflow(self) -> None:
        """The Snakefile as the main entity, with rules, environments, tools and steps."""
        rules = list(dict.fromkeys(record.rule for record in self.records))
        if unknown := [rule for rule in rules if rule not in self.scripts]:
            raise RunError(f"rules/*.smk have no rule {', '.join(unknown)}: check out the commit of the run's records")
        keys = {
            rule: list(dict.fromkeys(k for r in self.records if r.rule == rule for k in r.params if k != "code"))
            for rule in rules
        }
        version = self.records[-1].version
        snakefile = self.crate.add_workflow(
            ROOT / "Snakefile",
            "Snakefile",
            main=True,
            lang="snakemake",
            lang_version=self.records[-1].versions.get("snakemake"),
            properties={
                "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
                "name": "Task arithmetic in the tangent space",
                "version": version,
            },
        )
        snakefile["sha256"] = file_digest(ROOT / "Snakefile")
        snakefile["encodingFormat"] = "text/plain"
        snakefile["conformsTo"] = ref("https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE")
        snakefile["license"] = self.licence
        self.ids["Snakefile"] = snakefile.id
        by_script: dict[str, list[str]] = {}
        for rule in rules:
            by_script.setdefault(self.scripts[rule], []).append(rule)
            for key in keys[rule]:
                self.add(entities.formal_parameter(rule, key, "PropertyValue"))
        for script, named in by_script.items():
            self.run.require_script(script, named, ROOT)
            self._file(ROOT, script, None, **entities.tool(named, script, version, keys))
        for position, rule in enumerate(rules, start=1):
            self.add(entities.step(rule, position, self.scripts[rule]))
        for entity in [*entities.engine(self.records), *map(self._slot, ("configuration", "report"))]:
            self.add(entity)
        code = [str(file.relative_to(ROOT)) for pattern in CODE for file in sorted(ROOT.glob(pattern))]
        snakefile["hasPart"] = ref(*by_script)  # the profile allows tools alone
        snakefile["step"] = ref(*(f"#step/{rule}" for rule in rules))
        snakefile["input"], snakefile["output"] = ref("#parameter/run/configuration"), ref("#parameter/run/report")
        for file in code:
            about = {"about": {"@id": "./"}} if file == "README.md" else {}
            self._file(ROOT, file, None, **about)

    @staticmethod
    def _slot(name: str) -> Entity:
        return entities.formal_parameter("run", name, "File")

    def _results(self) -> None:
        """Every file that a job made, the records and the configuration."""
        configuration = {"exampleOfWork": ref("#parameter/run/configuration")}
        self._file(self.run.root, self.run.layout.configuration, None, **configuration)
        for record in self.records:
            self._file(self.run.root, record.file, None, name=f"record of {record.name}")
            for file, digest in record.generated.items():
                report = {"exampleOfWork": ref("#parameter/run/report")} if self._reported(file) else {}
                self._file(self.run.root, file, digest, **report)
                for images, found in self._images(file):
                    self._file(self.run.root, images, found)

    def _reported(self, file: str) -> bool:
        return self.run.name(file) in ("table", "figure", "findings")

    def _images(self, file: str) -> Iterator[tuple[str, str]]:
        """Prepared images and their digest, from the file of their split."""
        if self.run.name(file).endswith(" split"):
            entry = json.loads((self.run.root / file).read_text())
            yield file.removesuffix(".json") + ".images.bin", entry["images_sha256"]

    def _jobs(self) -> None:
        """Each record as an action, with its start by Snakemake; then the run as a whole."""
        outside: list[str] = []
        for record in self.records:
            for entity in (*entities.values(record), *entities.usage(record)):
                self.add(entity)
            sources = [self.add(entity) for entity in entities.sources(self.run, record)]
            outside += sources
            used = [self.ids.get(file) or self._file(self.run.root, file, record.used[file]) for file in record.used]
            made = [self.ids[file] for file in record.generated]
            made += [self.ids[images] for file in record.generated for images, _ in self._images(file)]
            script = self.scripts[record.rule]
            self.add(entities.job(record, script, used=[*used, *sources], made=made, agent=self.agent))
            self.add(entities.control(record))
        configuration = self.ids[self.run.layout.configuration]
        made = [self.ids[file] for record in self.records for file in record.generated if self._reported(file)]
        for entity in entities.whole(
            self.records, used=[configuration, *dict.fromkeys(outside)], made=made, agent=self.agent
        ):
            self.add(entity)

    def _root(self) -> None:
        root, name = self.crate.root_dataset, self.run.layout.run.removeprefix("results/")
        root["name"] = f"Task arithmetic in the tangent space: the run {name}"
        root["description"] = (
            "Tables, figures and findings of one run of a Snakemake workflow, with the record of every job: what it "
            "used and made (sha256), its parameters, code, machine and times."
        )
        root["datePublished"] = max(record.endedAtTime for record in self.records)
        root["license"] = self.licence
        if self.agent:
            root["author"] = ref(*self.agent)
        root["conformsTo"] = ref(*map(self.add, entities.profiles()))
        root["mentions"] = ref("#run", "#organization", *(f"#job/{record.file}" for record in self.records))
        for slot, files in (("configuration", [self.run.layout.configuration]), ("report", self._report())):
            self.crate.dereference(f"#parameter/run/{slot}")["workExample"] = ref(*(self.ids[file] for file in files))

    def _report(self) -> list[str]:
        return [file for record in self.records for file in record.generated if self._reported(file)]

    def _agent(self, name: str) -> str:
        """A person by name, or by an ORCID."""
        known = name.startswith("https://orcid.org/")
        return self.add({"@id": name if known else "#agent", "@type": "Person", "name": name})

    def _licence(self, licence: str | None) -> None:
        """What --licence names, else the project's LICENSE, else a statement that there is none."""
        file = next((path.name for path in sorted(ROOT.glob("LICENSE*"))), None)
        if licence is not None:
            self.licence = ref(self.add({"@id": licence, "@type": "CreativeWork", "name": licence}))
        elif file is not None:
            self.licence = {"@id": file}
        else:
            text = "The authors have stated no licence; ask them before reuse."
            none = {"@id": "#licence", "@type": "CreativeWork", "name": "no licence stated", "description": text}
            self.licence = ref(self.add(none))


def write(run: FinishedRun, folder: Path, *, agent: str | None, licence: str | None) -> None:
    """Write the crate to `folder`, in the place of an earlier one. Raises RunError for a folder that is none."""
    if folder.exists() and not (folder / METADATA).is_file():
        raise RunError(f"{folder} exists and is no crate: name another folder: make crate CRATE=...")
    temporary = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(temporary, ignore_errors=True)
    Crate(run, agent=agent, licence=licence).build().write(temporary)
    shutil.rmtree(folder, ignore_errors=True)
    temporary.rename(folder)


def main(argv: Sequence[str] | None = None) -> int:
    """Write the crate, validate it, print the verdict; 1 if it does not conform."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--configfile", type=Path, default=Path("config.yaml"))
    parser.add_argument("--crate", type=Path, help="the folder to write; results/{run}-crate unless named")
    parser.add_argument("--agent", help="who ran it: a name, or an ORCID as https://orcid.org/...")
    parser.add_argument("--licence", help="URL of the licence of the results, such as one of https://spdx.org/licenses")
    parsed = parser.parse_args(argv)
    try:
        run = FinishedRun.of(parsed.configfile, Path())
        folder = parsed.crate or Path(f"{run.layout.run}-crate")
        write(run, folder, agent=parsed.agent, licence=parsed.licence)
    except ValueError as error:
        sys.exit(str(error))
    tell(f"crate: {folder}")
    status = validated(folder)
    tell(f"{folder} {'does not conform' if status else 'conforms'} to Provenance Run Crate 0.5 and what it builds on")
    return status


if __name__ == "__main__":
    sys.exit(main())
