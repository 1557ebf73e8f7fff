"""`make report`: one file that holds every table, figure and finding of a run with its caption, and loads nothing."""

import base64
import json
import os
import re
import subprocess
import sys

import yaml

from tests.workflow.conftest import ROOT, edit, planned
from workflow_scripts.audit.links import unknown_files
from workflow_scripts.audit.run import Run
from workflow_scripts.configuration.benchmark import load

LOADS = re.compile(
    r"""<(?:script|link|img|iframe|source)\b[^>]*\b(?:src|href)\s*=\s*["']?(?!data:)|@import|url\((?!data:)"""
)
SCRIPT = re.compile(r"(<script\b[^>]*>).*?</script>", re.DOTALL)  # code of the libraries, which names what it can load


def report(folder, config, project=ROOT):
    """What the command does in a run's folder."""
    file = folder.parent / "report.yaml"
    file.write_text(yaml.safe_dump(config, sort_keys=False))
    return subprocess.run(
        [sys.executable, "-m", "workflow_scripts.commands.report", "--configfile", str(file)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(project)},
        capture_output=True,
        text=True,
        timeout=180,
    )


def embedded(html, name):
    """A value that the report's script holds."""
    return json.loads(re.search(rf"<script id=\"[\w-]+\">\s*var {name} = (.*);\s*</script>", html)[1])


def test_a_report_holds_the_run_and_loads_nothing(own_run, config):
    done = report(own_run, config)
    assert done.returncode == 0 and done.stdout == "Report: results/tiny/report.html\n", done.stderr[-3000:]
    run = own_run / "results/tiny"
    html = (run / "report.html").read_text()
    results = {file.removeprefix("results/tiny/"): entry for file, entry in embedded(html, "results").items()}

    names = [*run.glob("tables/*.csv"), *run.glob("tables/*.html"), *run.glob("figures/*.png")]
    names += [run / "findings.html", run / "findings.csv"]
    assert results.keys() == {str(path.relative_to(run)) for path in [*names, run / "config.yaml"]}
    for name, entry in results.items():
        assert base64.b64decode(entry["data_uri"].partition("base64,")[2]) == (run / name).read_bytes(), name
        assert len(entry["caption"]) > 100 and "system-message" not in entry["caption"], name
    assert results["tables/addition.csv"]["labels"] == {"table": "addition", "format": "values (csv)"}
    assert results["figures/single_task_standard_linear.png"]["labels"] == {"mode": "Linear FT"}
    assert "learning_rate:" in re.sub("<.*?>", "", results["config.yaml"]["caption"])

    categories = embedded(html, "categories")
    assert categories.keys() == {"Findings", "Tables", "Figures", "Configuration"}
    assert "Disentanglement error" in categories["Figures"]
    assert len(categories["Tables"]["Other"]) == 2 * len(list(run.glob("tables/*.csv")))
    landing = embedded(html, "workflow_desc")
    assert "tiny" in landing and "Scenes, Signs" in landing and "system-message" not in landing
    assert {entry["rule"] for entry in embedded(html, "runtimes_spec")["data"]["values"]} >= {"finetune", "tables"}
    assert {"finetune", "pages"} <= embedded(html, "rules").keys()

    for text in (html, *(path.read_text() for path in run.rglob("*.html"))):
        assert not LOADS.search(SCRIPT.sub(r"\1", text))
    assert not list(unknown_files(Run(load(config, look=False), own_run, ROOT)))


def test_an_unfinished_run_has_no_report(own_run, config):
    (own_run / "results/tiny/findings.md").unlink()
    done = report(own_run, config)
    assert done.returncode == 1 and not (own_run / "results/tiny/report.html").exists()
    assert re.search(r"results/tiny is not finished: 2 of \d+ jobs would run \(findings 1, pages 1\)", done.stderr)
    assert "run them first: snakemake --cores all --configfile" in done.stderr


def test_a_caption_reruns_nothing(finished, config, project):
    edit(project / "report/findings.rst", "What the papers claim", "Claims of the papers")
    assert planned(finished, config, project=project) == {}
