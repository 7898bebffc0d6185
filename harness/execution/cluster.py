"""The Ray cluster that a run is on: one of its own, or one that is named; that it answers, has the room, and ends."""

from __future__ import annotations

import atexit
import os
import signal
import socket
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from harness.config.sections import Environment
from results.errors import BadInput

ANSWER = 4.0
"""Seconds that a cluster has to answer; ``ray.init`` alone would wait for two minutes and then exit."""

NODE = 60.0
"""Seconds that a node has to start a process and look at the run's folder."""

END = 10.0
"""Seconds that the processes of a cluster of our own have to end before they are killed."""

PATIENCE = "RAY_gcs_rpc_server_reconnect_timeout_s"
"""Ray's own setting: the seconds without the cluster's head after which it ends the process, without a word of ours."""

LOOK = 2.0
"""Seconds between two looks at the head."""

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
"""How HTTP/2, below gRPC, begins (RFC 9113, 3.4): the client's greeting and an empty SETTINGS frame."""

SETTINGS = 4
"""The type of the frame with which a server must answer, in its fourth byte."""


@contextmanager
def connected(address: str | None) -> Iterator[None]:
    """Be on the cluster at ``address`` inside the block; without one on a cluster of one's own, which ends with it.

    Without ``address`` neither RAY_ADDRESS nor what another cluster left behind is looked at.

    Raises
    ------
    BadInput
        Where no cluster answers at the address.
    """
    import ray

    quiet = {"log_to_driver": False, "logging_level": "ERROR"}
    if address is None:
        before = set(psutil.Process().children(recursive=True))
        try:
            _start(ray, quiet)
            yield
        finally:
            _end(ray, before)
        return
    try:
        head = _reached(address)
        ray.init(address=head, **quiet)
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise BadInput(f"no Ray cluster at {address!r} ({reason}); start one or leave out --address") from None
    with headed(head):
        try:
            yield
        finally:
            if _listens(head):
                ray.shutdown()
            else:  # without a head it would wait for one, now and at the program's end
                atexit.unregister(ray.shutdown)


def _start(ray: Any, quiet: dict[str, Any]) -> None:
    """A cluster of one's own. On loopback only: nothing on the network can reach a run on one machine."""
    try:
        ray.init(address="local", include_dashboard=False, _node_ip_address="127.0.0.1", **quiet)
    except Exception as error:  # Ray raises no narrower one where its processes do not start in time
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise BadInput(f"Ray does not start here ({reason}): try again, or give --serial to run without it") from error


def _end(ray: Any, before: set[psutil.Process]) -> None:
    """End the cluster of our own, and wait until its processes are gone.

    A trial in the middle of a batch outlives its node by some seconds. Only what this process started is ended.
    """
    started = set(psutil.Process().children(recursive=True)) - before
    ray.shutdown()
    _, alive = psutil.wait_procs(started, timeout=END)
    for process in alive:
        process.kill()
    psutil.wait_procs(alive, timeout=END)


@contextmanager
def headed(head: str) -> Iterator[None]:
    """Interrupt the block where the cluster's head is gone.

    Where Ray's own code holds the block for so long that no interrupt reaches it, the process ends here: Ray would end
    it a little later, without a word.

    Raises
    ------
    BadInput
        In place of that interrupt.
    """
    gone, over = threading.Event(), threading.Event()
    line = (
        f"the head of the Ray cluster at {head} is gone; no finished epoch is lost: give the same command again, "
        "with another --address or without one, and it goes on from the last checkpoints"
    )

    def watch() -> None:
        patience, seen = 0.5 * float(os.environ.get(PATIENCE, "60")), time.monotonic()
        while not over.wait(LOOK):
            if _listens(head):
                seen = time.monotonic()
            elif time.monotonic() - seen > patience:
                gone.set()
                # A signal to that thread, for it wakes it from a wait as well.
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
                if not over.wait(patience / 2):
                    print(f"error: {line}", file=sys.stderr, flush=True)
                    os._exit(2)
                return

    # A shell that starts a job in its background has it ignore that signal, and the block would never wake.
    deaf = signal.getsignal(signal.SIGINT) == signal.SIG_IGN and threading.current_thread() is threading.main_thread()
    if deaf:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    except BaseException as error:
        if not gone.is_set() and _listens(head):
            raise
        raise BadInput(line) from error
    finally:
        over.set()
        if deaf:
            signal.signal(signal.SIGINT, signal.SIG_IGN)


def _listens(head: str) -> bool:
    host, _, port = head.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=LOOK).close()
    except OSError:
        return False
    return True


def _reached(address: str) -> str:
    """``address`` as HOST:PORT, after an answer from there. Raises an OSError or ValueError without one."""
    from ray._private.services import canonicalize_bootstrap_address

    if address.startswith("ray://"):
        raise ValueError("start the run on a node of the cluster and give HOST:PORT")
    found = canonicalize_bootstrap_address(address)
    host, _, port = (found or "").rpartition(":")
    if not found or not port.isdigit() or int(port) > 65535:
        raise ValueError("it names no cluster that runs: give HOST:PORT")
    with socket.create_connection((host.strip("[]"), int(port)), timeout=ANSWER) as link:
        if os.environ.get("RAY_USE_TLS", "0") in ("", "0"):
            link.sendall(PREFACE)
            head = link.recv(9)
            if len(head) < 4 or head[3] != SETTINGS:
                raise ConnectionError("what answers there is no Ray cluster")
    return str(found)


def check_resources(environment: Environment) -> None:
    """Raise BadInput where no node can ever give a trial the CPUs and GPUs that it is to have."""
    import ray

    check_fits([node["Resources"] for node in ray.nodes() if node["Alive"]], environment)


def check_fits(nodes: Sequence[Mapping[str, float]], environment: Environment) -> None:
    """The same for the resources of each node that is alive."""
    address = environment.address
    where = f"any node of the cluster at {address}" if address else "this machine"
    cpus, gpus = environment.threads, environment.gpus
    for kind, need, option in (("CPU", cpus, "--cpus-per-trial"), ("GPU", gpus, "--gpus-per-trial")):
        most = max((node.get(kind, 0) for node in nodes), default=0)
        if need > most:
            raise BadInput(f"{option} {need:g} is more than {where} has ({most:g} {kind}s)")
    if not any(node.get("CPU", 0) >= cpus and node.get("GPU", 0) >= gpus for node in nodes):
        raise BadInput(f"no node of the cluster has both {cpus} CPUs and {gpus:g} GPUs: lower --cpus-per-trial")


def check_nodes(environment: Environment, foreign: str) -> None:
    """Raise BadInput where a node that can take trials cannot import this package or does not see the run's folder.

    ``foreign`` is the folder that no worker looks in for modules.
    """
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    token = Path(environment.run) / f".seen-{uuid.uuid4().hex}"
    token.touch()
    try:
        look = ray.remote(num_cpus=0)(looking(foreign))
        nodes = [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")]
        strategies = {node["NodeID"]: NodeAffinitySchedulingStrategy(node["NodeID"], soft=False) for node in nodes}
        asked = [look.options(scheduling_strategy=s).remote(str(token)) for s in strategies.values()]
        for node, answer in zip(nodes, asked, strict=True):
            if fault := _fault(ray, answer):
                raise BadInput(f"the node {node['NodeManagerAddress']} of the cluster {fault}")
    finally:
        token.unlink(missing_ok=True)


def _fault(ray: Any, answer: Any) -> str:
    """What is wrong with the node that was asked; empty: nothing."""
    try:
        seen = ray.get(answer, timeout=NODE)
    except ray.exceptions.GetTimeoutError:
        return f"did not start a process in {NODE:g} seconds: look after it, or leave out --address"
    except ray.exceptions.RayError as error:
        last = (str(error).strip().splitlines() or [type(error).__name__])[-1]
        return f"cannot look at the run folder ({last})"
    return str(seen)


def looking(foreign: str) -> Callable[[str], str]:
    """What a node is asked: what is wrong with it, empty where nothing is. Sent there by value, it needs no package."""

    def look(path: str) -> str:
        import importlib.util
        import os
        import sys

        if foreign in sys.path:
            sys.path.remove(foreign)
        if importlib.util.find_spec("harness") is None:
            return "does not have this package: install it there"
        return "" if os.path.exists(path) else "does not see the run folder: give an --out that all nodes share"  # noqa: PTH110

    return look
