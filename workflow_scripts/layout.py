"""Where everything lies: each file of a run, as a pattern of {model}, {seed}, {mode}, {task}, {merging}, ...

Rules, commands and examples take their paths from here. Options are folders, so that no name has to be parsed back.
"""

from __future__ import annotations

from dataclasses import dataclass

SPLITS = ("fit", "val", "test")
DIGESTS = "scratch/digests.json"  # of large files that were hashed before


@dataclass(frozen=True)
class Layout:
    """The files of one run. `run` and `scratch` are folders relative to the working directory."""

    run: str
    scratch: str

    @classmethod
    def of(cls, name: str) -> Layout:
        """The layout of the run of that name."""
        return cls(f"results/{name}", f"scratch/{name}")

    @property
    def configuration(self) -> str:
        """The effective configuration: with its base and the command line's values."""
        return f"{self.run}/config.yaml"

    @property
    def data(self) -> str:
        return f"{self.run}/data/{{task}}"

    @property
    def classes(self) -> str:
        """Class names and templates."""
        return f"{self.data}/classes.json"

    @property
    def manifest(self) -> str:
        return f"{self.data}/manifest.json"

    @property
    def split(self) -> str:
        """What a prepared split holds, with the digests of its files: small, and read with them."""
        return f"{self.data}/{{split}}.json"

    @property
    def images(self) -> str:
        return f"{self.data}/{{split}}.images.bin"

    @property
    def index(self) -> str:
        return f"{self.data}/{{split}}.index.npz"

    @property
    def model(self) -> str:
        return f"{self.run}/{{model}}"

    @property
    def clip(self) -> str:
        return f"{self.model}/pretrained/clip.safetensors"

    @property
    def theta_0(self) -> str:
        return f"{self.model}/pretrained/theta.safetensors"

    @property
    def pretrained_accuracy(self) -> str:
        return f"{self.model}/pretrained/accuracy.csv"

    @property
    def pretrained_predictions(self) -> str:
        return f"{self.model}/pretrained/predictions.npz"

    @property
    def head(self) -> str:
        return f"{self.model}/heads/{{task}}.safetensors"

    @property
    def curvature(self) -> str:
        """Factors of a task's curvature at theta_0."""
        return f"{self.model}/curvature/{{task}}.safetensors"

    @property
    def mode(self) -> str:
        return f"{self.model}/seed{{seed}}/{{mode}}"

    @property
    def theta(self) -> str:
        return f"{self.mode}/{{task}}/theta.safetensors"

    @property
    def tau(self) -> str:
        return f"{self.mode}/{{task}}/tau.safetensors"

    @property
    def training_log(self) -> str:
        return f"{self.mode}/{{task}}/training_log.csv"

    @property
    def training_state(self) -> str:
        """Of an unfinished run; no rule's output, so that it survives a failed job."""
        return f"{self.scratch}/{{model}}/seed{{seed}}/{{mode}}/{{task}}/state.safetensors"

    @property
    def single_task(self) -> str:
        return f"{self.mode}/single_task.csv"

    @property
    def single_task_predictions(self) -> str:
        return f"{self.mode}/single_task_predictions.npz"

    @property
    def addition(self) -> str:
        """The folder of a merging rule's sweep_val.csv, choice.json, test.csv and predictions.npz."""
        return f"{self.mode}/addition/{{merging}}"

    @property
    def coefficients(self) -> str:
        """Learned coefficients of all task vectors, of a merging rule that has them learned."""
        return f"{self.addition}/coefficients.json"

    @property
    def gram(self) -> str:
        """Gram matrices of the inputs of a fine-tuned model's layers: large, with its digest beside it."""
        return f"{self.mode}/{{task}}/gram.safetensors"

    @property
    def fisher(self) -> str:
        """The diagonal of a fine-tuned model's Fisher information: large, with its digest beside it."""
        return f"{self.mode}/{{task}}/fisher.safetensors"

    @property
    def negation(self) -> str:
        """The folder of a task's sweep_val.csv, choice.json, test.csv and predictions.npz."""
        return f"{self.mode}/negation/{{task}}"

    @property
    def negation_controls(self) -> str:
        """The folder of a task's sweep_val.csv, choice.json (of the random vector), test.csv and predictions.npz."""
        return f"{self.model}/seed{{seed}}/negation_controls/{{task}}"

    @property
    def analogy(self) -> str:
        """The folder of a quadruple's sweep_val.csv, choice.json, test.csv, few_shot.csv and their predictions."""
        return f"{self.mode}/analogies/{{quadruple}}"

    @property
    def disentanglement(self) -> str:
        return f"{self.mode}/disentanglement/{{pair}}.npz"

    @property
    def outcomes(self) -> str:
        """What disentanglement finds on each image: large, with its digest beside it."""
        return f"{self.mode}/disentanglement/outcomes/{{pair}}.npz"

    @property
    def similarity(self) -> str:
        """Cosines of task vectors."""
        return f"{self.mode}/similarity.csv"

    @property
    def norms(self) -> str:
        """Norms of task vectors."""
        return f"{self.mode}/norms.csv"

    @property
    def resamples(self) -> str:
        """Every test accuracy with its resamples."""
        return f"{self.run}/resamples.npz"

    @property
    def subsets(self) -> str:
        """The folder of sweep_val.csv, subsets.csv and predictions.npz."""
        return f"{self.mode}/subsets"

    @property
    def localization(self) -> str:
        """Local energies of the NTK's eigenfunctions on a task's points and on its control task's."""
        return f"{self.model}/kernels/localization/{{task}}/{{control}}.npz"

    @property
    def regression(self) -> str:
        """The folder of a task's tried.csv, tested.csv and predictions.npz."""
        return f"{self.model}/kernels/regression/{{task}}"

    @property
    def laziness(self) -> str:
        """How far parameters, features and kernels moved in fine-tuning."""
        return f"{self.mode}/laziness.csv"

    @property
    def drift(self) -> str:
        """The folder of pairs.csv, drifts of pairs of task vector and task, and images.npz, those of each image."""
        return f"{self.mode}/drift"

    @property
    def wide_networks(self) -> str:
        """Trajectories of wide networks, of their linearizations and of the closed form."""
        return f"{self.run}/wide_networks.npz"

    @property
    def tables(self) -> str:
        return f"{self.run}/tables"

    @property
    def figures(self) -> str:
        return f"{self.run}/figures"

    @property
    def findings(self) -> str:
        return f"{self.run}/findings.md"

    @property
    def findings_table(self) -> str:
        return f"{self.run}/findings.csv"

    @property
    def arena_cost(self) -> str:
        """What methods took by the clock, from the records; no job's output, since no two runs agree in it."""
        return f"{self.run}/arena_cost.csv"

    @property
    def seal(self) -> str:
        """Digests of all records and of the configuration, written when a run ends; `sha256sum -c` reads it."""
        return f"{self.run}/provenance.sha256"

    @property
    def report(self) -> str:
        """The run as one file for a browser, which `make report` writes."""
        return f"{self.run}/report.html"

    @property
    def logs(self) -> str:
        return f"{self.run}/logs"

    @property
    def records(self) -> str:
        return f"{self.run}/provenance"

    def record(self, rule: str, *options: str) -> str:
        """The provenance record of a rule's job."""
        return "/".join([self.records, rule, *options]) + ".json"

    def log(self, rule: str, *options: str) -> str:
        """The log of a rule's job."""
        return "/".join([self.logs, rule, *options]) + ".log"

    def of_a_task(self, kind: str) -> list[str]:
        """The files that an objective may read of each other task, or a merging rule of each, by the names that modes
        and rules use (`Mode.others`, `MergingRule.statistics`); coefficients of all tasks are in one file. The
        first is what the objective gets; the others come with it. Raises KeyError for an unknown kind.
        """
        large = {"gram": self.gram, "fisher": self.fisher, "curvature": self.curvature}
        kinds = {name: [path, f"{path}.sha256"] for name, path in large.items()}
        for split in ("fit", "val"):
            kinds[split] = [path.replace("{split}", split) for path in (self.images, self.index, self.split)]
        return [self.coefficients] if kind == "coefficients" else kinds[kind]
