"""What trials are called where several are told apart: on the board, in a log, in a logger's list of runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from harness.config.trial import Job


def labels(jobs: Sequence[Job]) -> dict[str, str]:
    """By a job's hash its label; where several have one, as in a sweep, with the values in which these differ."""
    alike: dict[str, list[Job]] = defaultdict(list)
    for job in jobs:
        alike[job.label].append(job)
    return {job.hash: " ".join([label, *_told_apart(job, same)]) for label, same in alike.items() for job in same}


def _told_apart(job: Job, same: Sequence[Job]) -> list[str]:
    """``name=value`` of the fields in which the jobs of one label differ."""
    if len(same) == 1:
        return []
    every = [dict(_leaves(other.model_dump(mode="json"))) for other in same]
    mine = dict(_leaves(job.model_dump(mode="json")))
    differ = [path for path in mine if any(other.get(path) != mine[path] for other in every)]
    return [f"{path[-1]}={_short(mine[path])}" for path in differ]


def _leaves(plain: Mapping[str, object], at: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    for name, value in plain.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, (*at, name))
        else:
            yield (*at, name), value


def _short(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)[:24]
