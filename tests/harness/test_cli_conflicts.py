"""One value given twice is refused by one line that names both options; an option without effect is none."""

from __future__ import annotations

import sys

import pytest
from faults import RUN, Faults

from harness.__main__ import main

PRUNE = f"{RUN} --space resnet164 --prc 0.4"
SWEEP = "sweep --serial --seeds 0 --algo rarts"


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (f"{PRUNE} --set space.prc=0.6", "--prc and --set space.prc"),
        (f"{PRUNE} --set prc=0.6", "--prc and --set prc"),
        (f"{PRUNE} --set space.prc=0.4", "--prc and --set space.prc"),
        (f"{RUN} --budget epochs=5 --set epochs=3", "--budget and --set epochs"),
        (f"{RUN} --budget macs=1e9 --set epochs=3", "--budget and --set epochs"),
        (f"{RUN} --split halves --set split=nats", "--split and --set split"),
        (f"{SWEEP} --space resnet164 --prc 0.4 --vary space.prc=0.4,0.6", "--prc and --vary space.prc"),
        (f"{SWEEP} --budget epochs=5 --vary epochs=1,2", "--budget and --vary epochs"),
        (f"{SWEEP} --split halves --vary split=halves,nats", "--split and --vary split"),
        (f"{SWEEP} --latency t.json --vary space.latency=1,2", "--latency and --vary space.latency"),
        (f"{SWEEP} --set rarts.lam=1 --vary rarts.lam=0.1,1", "--set rarts.lam and --vary rarts.lam"),
        (f"{SWEEP} --set lam=1 --vary rarts.lam=0.1,1", "--set lam and --vary rarts.lam"),
        (f"{SWEEP} --set rarts.lam=1 --vary lam=0.1,1", "--set rarts.lam and --vary lam"),
        (f"{SWEEP} --vary rarts.lam=1,5 --vary lam=2,3", "--vary rarts.lam and --vary lam"),
        (f"{SWEEP} --vary channels=2,4 --vary space.channels=8", "--vary channels and --vary space.channels"),
        ("sweep --algo rarts+es --vary es_every=1,2 --vary es.es_every=3", "--vary es_every and --vary es.es_every"),
        ("sweep --algo rarts+es --set es.es_every=1 --vary es_every=2", "--set es.es_every and --vary es_every"),
    ],
)
def test_a_value_given_twice(fault: Faults, words: str, named: str) -> None:
    error = fault(words)
    assert f"both {named} " in error and "leave one out" in error


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (f"{SWEEP} --vary lr=0.1 --vary lr=0.2", "--vary lr is given twice"),
        (f"{SWEEP} --vary lr=0.1 --vary lr=uniform(0,1)", "--vary lr is given twice"),
        (f"{SWEEP} --vary rarts.lam=1 --samples 5", "--samples 5 are draws of a sampler, and no --vary names one"),
        (f"{RUN} --address 127.0.0.1:1", "--address is of a Ray cluster, and --serial runs without Ray"),
        (f"{SWEEP} --vary lr=0.1 --address 127.0.0.1:1", "--address is of a Ray cluster"),
        ("evaluate --serial --genotype darts_v2 --address 127.0.0.1:1", "--address is of a Ray cluster"),
    ],
)
def test_an_option_without_effect(fault: Faults, words: str, named: str) -> None:
    assert named in fault(words)


@pytest.mark.parametrize(
    "option", ["--prc 0.4", "--split nats", "--budget epochs=1", "--latency t.json", "--evaluate none", "--log wandb"]
)
def test_evaluate_has_no_options_of_a_search(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    words = ["evaluate", "--space", "nats", "--genotype", "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"]
    monkeypatch.setattr(sys, "argv", ["harness", *words, *option.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert f"No such option: {option.split()[0]}" in " ".join(capsys.readouterr().err.split())
