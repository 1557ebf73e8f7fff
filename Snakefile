# Task arithmetic in the tangent space: every table and figure, from data and pre-trained weights.
#   snakemake --cores all                                  the papers' benchmark (config.yaml)
#   snakemake --cores all --configfile demo/config.yaml    the embedded default, on a laptop
#   snakemake --profile slurm                              the same on a cluster

from snakemake.utils import min_version

min_version("9.20")


# A --configfile replaces the papers' configuration; Snakemake alone would merge the two into the union of both benchmarks.
if not workflow.config_settings.configfiles:

    configfile: "config.yaml"


report: "report/workflow.rst"


include: "rules/common.smk"
include: "rules/data.smk"
include: "rules/models.smk"
include: "rules/training.smk"
include: "rules/editing.smk"
include: "rules/analogies.smk"
include: "rules/kernels.smk"
include: "rules/reporting.smk"


localrules:
    all,


rule all:
    default_target: True
    input:
        report_files(),
        [*map(str, rules.pages.output)],
        # in the report, once the run wrote it
        configuration=[
            shown(file, "configuration", "Configuration") for file in [FILES.configuration] if Path(file).exists()
        ],


onstart:
    atomic.write_text(FILES.configuration, yaml.safe_dump(dict(whole), sort_keys=False))
    fork_jobs()


onsuccess:
    atomic.write_text(FILES.seal, seal(FILES.run, sealed_names(Path(), FILES)))
    print(f"\nTables:   {FILES.tables}/*.md (and .csv, .tex)")
    print(f"Figures:  {FILES.figures}/*.png (and .pdf)\nFindings: {FILES.findings}")


onerror:
    print(
        f"\nThe run is not complete. The reason stands above and in the job's log below {FILES.logs}/; run the same command to go on."
    )
