"""Learn several tasks at once: theta_0 + alpha (tau_1 + tau_2 + ...), evaluated on each of them.

After `make demo`:
    python -m examples.add
After a run of config.yaml, to add MNIST and RESISC45 to the ViT-L/14 of the papers:
    python -m examples.add --run results/paper --model ViT-L-14 --mode linear --tasks MNIST RESISC45
"""

from examples.common import Run, arguments


def main(words: list[str] | None = None) -> None:
    parsed = arguments("Add task vectors.", tasks=["Digits", "Aerial"], alpha=0.5).parse_args(words)
    run = Run(parsed)
    total = sum(run.tau(task) for task in parsed.tasks)
    run.compare(total, parsed.alpha, parsed.tasks)


if __name__ == "__main__":
    main()
