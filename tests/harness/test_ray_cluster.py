"""An address at which no cluster is, and a cluster whose head dies: a line each, and soon."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from faults import Faults

from harness.execution.cluster import PATIENCE, connected, headed, looking
from results.errors import BadInput

SMALL = "run --no-random --seeds 0 --algos rarts --evaluate none"


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address at which nobody listens, though it is taken."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


def refusal(address: str) -> str:
    """What is said of an address where no cluster is, within 15 seconds."""
    start = time.monotonic()
    with pytest.raises(BadInput) as refused, connected(address):
        pass
    assert time.monotonic() - start <= 15
    return str(refused.value)


def test_an_address_of_nothing_ends_soon(nobody: str) -> None:
    import ray  # noqa: F401 - its import is not the address's time

    for address in (nobody, f"ray://{nobody}", "127.0.0.1", "nowhere.invalid:6379", "127.0.0.1:99999", "local", ""):
        assert refusal(address).startswith(f"no Ray cluster at '{address}'")


def test_what_listens_and_is_no_cluster_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert "no Ray cluster at" in refusal(f"127.0.0.1:{silent.getsockname()[1]}")


def test_the_command_line_says_it_in_a_line(fault: Faults, nobody: str, tmp_path: Path) -> None:
    error = fault(SMALL, "--out", tmp_path / "run", "--address", nobody)
    assert error.startswith(f"error: no Ray cluster at '{nobody}'") and "leave out --address" in error


def test_a_node_is_asked_for_the_package_and_the_run_folder(tmp_path: Path) -> None:
    (tmp_path / "token").touch()
    asked = looking(foreign="")
    assert asked(str(tmp_path / "token")) == ""
    assert asked(str(tmp_path / "elsewhere")).startswith("does not see the run folder")


def test_a_head_that_is_gone_interrupts_the_run_with_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here a plain listener: what dies with a head is what listens at its address."""
    monkeypatch.setenv(PATIENCE, "4")
    listener = socket.create_server(("127.0.0.1", 0))
    address = f"127.0.0.1:{listener.getsockname()[1]}"
    start = time.monotonic()
    with pytest.raises(BadInput, match=f"the head of the Ray cluster at {address} is gone"), headed(address):
        listener.close()
        time.sleep(60)
    assert time.monotonic() - start < 30


def test_with_its_head_a_run_ends_as_it_ends() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        with headed(address):
            pass
        with pytest.raises(KeyboardInterrupt), headed(address):
            raise KeyboardInterrupt
        with pytest.raises(RuntimeError, match="a trial's own"), headed(address):
            raise RuntimeError("a trial's own")
