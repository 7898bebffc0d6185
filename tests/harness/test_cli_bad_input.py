"""What the user gets wrong is one line on stderr that names it, and exit code 2: no traceback, nothing run."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pytest
from faults import RUN, Faults

from harness.__main__ import main
from harness.config.protocol import Protocol
from harness.measuring.latency import measure, write
from spaces.nats_benchmark import REQUIRED, every_cell


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("--algos rart", "did you mean 'rarts'"),
        ("--space natz", "did you mean 'nats'"),
        ("--dataset digit", "did you mean 'digits'"),
        ("--protocol quik", "did you mean 'quick'"),
        ("--set rarts.lamb=2", "did you mean 'rarts.lam'"),
        ("--set lr", "key=value"),
        ("--set rarts.lam=-1", "rarts.lam = -1"),
        ("--set lr=.nan", "lr = nan"),
        ("--set lr=nan", "lr = 'nan'"),
        ("--set lr=inf", "lr = 'inf'"),
        ("--set batch_size=0", "batch_size = 0"),
        ("--set evaluation.processes=2", "leave it out of a search"),
        ("--set evaluation.channels_last=true", "is for GPUs, and the trials run on cpu"),
        ("--set evaluation.stream=true", "evaluation.stream reads imagefolder, not digits"),
        ("--set batch_size=10000", "batch_size = 10000"),
        ("--set evaluation.batch_size=1000", "evaluation.batch_size = 1000"),
        ("--set limit=100000", "limit is 100000"),
        ("--set lr=[", "'[' is no YAML value"),
        ("--set latency_weight=1", "space.latency"),
        ("--split half", "did you mean 'halves'"),
        ("--budget epochs=-1", "budget.amount = '-1'"),
        ("--budget weeks=2", "budget.kind = 'weeks'"),
        ("--budget 5", "budget"),
        ("--seeds x", "--seeds 'x'"),
        ("--seeds ,", "--seeds is empty"),
        ("--seeds 4-2", "--seeds"),
        ("--evaluate sideways", "unknown --evaluate 'sideways'"),
        ("--evaluate table", "there is no table"),
        ("--device tpu", "unknown device 'tpu'"),
        ("--nats nowhere", "nowhere does not exist"),
        ("--nats .", "is no NATS-Bench archive"),
        ("--eval-dataset digit", "did you mean 'digits'"),
        ("--eval-dataset digits,cifar100", "cifar100"),
    ],
)
def test_option(fault: Faults, words: str, named: str) -> None:
    option, value = words.split(maxsplit=1)
    assert named in fault(RUN, option, value)


@pytest.mark.parametrize(
    ("words", "least"),
    [("--set epochs=8", 9), ("--set es_start=18", 23), ("--set es_every=2 --set es_window=5 --set es_delta=4", 18)],
)
def test_an_early_stopping_that_can_never_stop_is_refused(fault: Faults, words: str, least: int) -> None:
    epochs = "--set epochs=17" if "es_every" in words else ""
    assert f"it needs {least}" in fault(f"{RUN} --algos darts1+es {words} {epochs}")


@pytest.mark.parametrize("algorithm", ["gdas", "fairdarts", "rarts+es"])
def test_channel_gates_are_no_choice_among_operations(fault: Faults, algorithm: str) -> None:
    assert f"{algorithm} needs a space that" in fault(f"{RUN} --space resnet164 --prc 0.4 --algos {algorithm}")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("--prc 0", "--prc 0 is not between 0 and 1"),
        ("--prc 1.2", "--prc 1.2 is not between 0 and 1"),
        ("--prc 0.99", "each of the 10 layers keeps one"),
        ("--algos random --prc 0.4", "random has no trained network to prune"),
        ("--algos random_pruning --prc 0.4", "name rarts among the algorithms"),
        ("--algos network_slimming", "needs a pruned-channel ratio"),
        ("--eval-dataset cifar10", "only digits can be --eval-dataset"),
        ("--set evaluation.image_size=16", "leave out evaluation.image_size"),
        ("--set space.depth=12", "depth 12 is not 9n + 2"),
    ],
)
def test_pruning(fault: Faults, words: str, named: str) -> None:
    assert named in fault(f"{RUN} --space resnet164 {words}")


def test_pruning_belongs_to_spaces_with_gates(fault: Faults) -> None:
    assert "nats has no channels to prune" in fault(f"{RUN} --prc 0.4")
    assert "baseline needs a space that gates channels; nats does not: search mobilenetv2 or resnet164" in fault(
        f"{RUN} --algos baseline --no-random"
    )
    other = "describe --space resnet164 --genotype"
    assert "is no genotype of resnet164" in fault(other, "mobilenetv2 features.1.conv.0.1:0-31")


def test_no_algorithm_at_all(fault: Faults) -> None:
    assert "no algorithm is named" in fault(f"{RUN} --no-random --algos", ",")


def test_unknown_name_lists_what_there_is(fault: Faults) -> None:
    error = fault(RUN, "--algos", "genetic")
    assert all(name in error for name in ("rarts", "darts1", "darts2", "milenas", "random"))


@pytest.mark.parametrize("dataset", ["cifar10", "cifar100", "imagefolder"])
def test_data_folder_missing_or_empty(fault: Faults, tmp_path: Path, dataset: str) -> None:
    for folder in (tmp_path / "nowhere", tmp_path):
        error = fault(RUN, "--dataset", dataset, "--data-dir", folder)
        assert dataset in error and str(folder) in error


def test_truncated_cifar_file(fault: Faults, tmp_path: Path) -> None:
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    record = bytes(1 + 3072)
    for name in [f"data_batch_{i}.bin" for i in range(1, 6)] + ["test_batch.bin"]:
        (folder / name).write_bytes(record * 4)
    (folder / "data_batch_3.bin").write_bytes((record * 4)[:-1])
    assert "data_batch_3.bin" in fault(RUN, "--dataset", "cifar10", "--data-dir", tmp_path)


def table(**changes: float) -> pd.DataFrame:
    """A whole table in which every figure is 50, but for ``changes`` in row 7."""
    frame = pd.DataFrame({"arch": sorted(every_cell())} | dict.fromkeys(REQUIRED, 50.0))
    for column, value in changes.items():
        frame.loc[7, column] = value
    return frame


@pytest.mark.parametrize(
    ("frame", "named"),
    [
        (table().drop(columns=REQUIRED[0]), f"no column {REQUIRED[0]!r}"),
        (table().drop(columns="arch"), "no column 'arch'"),
        (table().drop(index=100), "15,624 of the 15,625 cells"),
        (table(**{REQUIRED[0]: float("nan")}), f"row 7: {REQUIRED[0]} is nan"),
    ],
    ids=["figure", "arch", "row", "number"],
)
def test_damaged_table(fault: Faults, tmp_path: Path, frame: pd.DataFrame, named: str) -> None:
    frame.to_csv(tmp_path / "table.csv", index=False)
    error = fault(RUN, "--nats", tmp_path / "table.csv")
    assert named in error and "table.csv" in error


def test_table_does_not_cover_the_data_set(fault: Faults, tmp_path: Path) -> None:
    table().to_csv(tmp_path / "table.csv", index=False)
    error = fault(RUN, "--nats", tmp_path / "table.csv", "--evaluate", "table")
    assert "digits" in error and "cifar10" in error


@pytest.mark.parametrize("genotype", ["", "skip", "|skip_connect~0|+|none~0|none~1|", "|nor_conv_9x9~0|+|a~0|b~1|"])
def test_malformed_architecture(fault: Faults, tmp_path: Path, genotype: str) -> None:
    table().to_csv(tmp_path / "table.csv", index=False)
    fault("score", "--nats", tmp_path / "table.csv", "--genotype", genotype)
    fault("describe", "--genotype", genotype)
    fault("show", "cell.svg", "--genotype", genotype)
    assert not (tmp_path / "cell.svg").exists()


def test_fig1_refuses_options_that_it_would_ignore(fault: Faults, tmp_path: Path) -> None:
    said = fault("reproduce fig1 --seeds 0,1 --set lr=1 --serial --out", tmp_path / "fig1")
    assert "takes --out alone: leave out --seeds, --set, --serial" in said
    assert not (tmp_path / "fig1").exists()


def test_score_without_a_table_says_where_to_get_it(fault: Faults) -> None:
    assert "--table" in fault("score", "--genotype", sorted(every_cell())[0])


def test_report_of_a_folder_that_is_no_run(fault: Faults, tmp_path: Path) -> None:
    assert "config.yaml" in fault("report", tmp_path)
    assert "nowhere" in fault("report", tmp_path / "nowhere")


@pytest.mark.parametrize(
    "command",
    [f"{RUN} --algos random --no-random --evaluate none --set random.k=1 --out", "reproduce fig1 --out"],
)
def test_output_below_a_file(fault: Faults, tmp_path: Path, command: str) -> None:
    (tmp_path / "file").write_text("")
    assert "file" in fault(command, tmp_path / "file" / "run")


@pytest.mark.parametrize(
    ("option", "value", "named"),
    [("--set", "lr=0.5", "overrides.lr"), ("--split", "nats", "split"), ("--budget", "epochs=3", "budget.amount")],
)
def test_run_folder_of_another_configuration(
    fault: Faults, tmp_path: Path, option: str, value: str, named: str
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.yaml").write_text(
        "{space: nats, protocol: quick, dataset: digits, eval_datasets: [digits], evaluation: none, split: halves,"
        " budget: {kind: epochs, amount: 20}, overrides: {}, vary: []}"
    )
    before = (tmp_path / "run" / "config.yaml").read_bytes()
    assert f"{named} = " in fault(RUN, "--evaluate", "none", "--out", tmp_path / "run", option, value)
    assert (tmp_path / "run" / "config.yaml").read_bytes() == before


def test_reproduce_and_sweep(fault: Faults) -> None:
    assert "did you mean 'table4'" in fault("reproduce", "tabel4")
    assert "rarts.lam" in fault("sweep --serial --algo rarts --vary", "rarts.lamb=1,2")
    assert "--vary" in fault("sweep --serial --algo rarts --vary", "lr")
    assert "no YAML value" in fault("sweep --serial --algo rarts --vary", "lr=[1,2]")
    assert "did you mean 'loguniform'" in fault("sweep --serial --algo rarts --vary", "lr=loguniforn(1e-4,1e-2)")


def test_missing_option_is_a_usage_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "argv", ["harness", "sweep", "--algo", "rarts"])
    with pytest.raises(SystemExit) as ended:
        main()
    error = capsys.readouterr().err
    assert ended.value.code == 2
    assert "--vary" in error and "Traceback" not in error


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("--genotype Genotype(", "Genotype("),
        ("--genotype darts_v3", "the nearest is darts_v2"),
        (
            "--genotype Genotype(normal=[('sep_conv_9x9',0),('skip_connect',1)],normal_concat=[2],"
            "reduce=[('skip_connect',0),('skip_connect',1)],reduce_concat=[2])",
            "sep_conv_9x9",
        ),
        ("--genotype |nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|none~0|none~1|none~2|", "NATS"),
        ("--space nats --genotype darts_v2", "darts_v2"),
        ("--genotype darts_v2 --set channels=0", "evaluation.channels = 0"),
        ("--genotype darts_v2 --set arch_lr=1", "unknown key of the evaluation 'arch_lr'"),
        ("--genotype darts_v2 --set batch_size=5000", "evaluation.batch_size = 5000"),
        ("--space nats --genotype |none~0|+|none~0|none~1|+|none~0|none~1|none~2| --set auxiliary=0.4", "no auxiliary"),
        ("nowhere", "nowhere is not a run's folder"),
        ("--seeds 0", "name either a finished run or --genotype"),
    ],
)
def test_evaluate(fault: Faults, words: str, named: str) -> None:
    assert named in fault("evaluate --serial", *words.split())


def test_a_darts_space_too_shallow_for_two_reductions(fault: Faults) -> None:
    assert "give 3 or more" in fault(f"{RUN} --space darts --set space.cells=2")


def test_the_papers_penalty_wants_latencies(fault: Faults) -> None:
    cells = f"{RUN} --space darts --set latency_weight=1"
    assert "no latencies" in fault(cells)


def test_a_latency_table_of_another_device_or_space(fault: Faults, tmp_path: Path) -> None:
    table = tmp_path / "latency.json"
    write(measure(Protocol.load("quick", "nats"), "cpu", 1), table)
    assert "is of the space nats, not of darts" in fault(f"{RUN} --space darts --latency", table)
    table.write_text(table.read_text().replace('"device": "cpu', '"device": "abacus'))
    assert "--any-latency" in fault(f"{RUN} --latency", table)
