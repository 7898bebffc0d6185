"""Records of one protocol, space and searched data belong together; records of different ones are never mixed."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from reports.neutral import neutral, neutral_value
from reports.rows import methods
from results.records import is_search, once
from results.store import Run

KEYS = ["protocol", "space", "search_dataset"]

_EVALUATIONS = {
    "table": "looked up in the space's table of trained networks",
    "trained": "found networks trained from scratch here",
    "pruned": "networks cut from the searched ones, batch norm's statistics estimated anew, fine-tuned here",
}


@dataclass(frozen=True)
class Section:
    """What is reported under one heading. ``configs`` are those of the runs that took part."""

    protocol: str
    space: str
    search_dataset: str
    configs: tuple[Mapping[str, object], ...]
    records: pd.DataFrame
    history: pd.DataFrame
    digest: str = ""
    """Of the data, where another section has data of the same name."""

    @property
    def title(self) -> str:
        """The heading."""
        data = f" ({self.digest})" if self.digest else ""
        return f"{self.space} space, searched on {self.search_dataset}{data}, protocol “{self.protocol}”"

    @property
    def slug(self) -> str:
        """The heading as a file name."""
        parts = [self.protocol, self.space, self.search_dataset, *([self.digest] if self.digest else [])]
        return re.sub(r"[^A-Za-z0-9.-]+", "-", "-".join(parts))

    @property
    def changes(self) -> str:
        """In what the runs departed from the protocol, run by run."""
        return "; ".join(dict.fromkeys(filter(None, map(_changes, self.configs))))

    @property
    def label(self) -> str:
        """The protocol in our columns' headers: one that is not reduced anyway says there that it was changed."""
        return f"{self.protocol}, changed" if self.changes and not self.reduced else self.protocol

    @property
    def reduced(self) -> bool:
        """Whether a run says that its protocol is smaller than the one it stands for."""
        return any(config.get("reduced") for config in self.configs)

    @property
    def stands_for(self) -> str:
        """What the protocol stands for, in the words of the runs' configuration."""
        return "; ".join(dict.fromkeys(str(c["stands_for"]) for c in self.configs if c.get("stands_for")))

    def facts(self) -> list[tuple[str, str]]:
        """What a reader must know before a number: (name, text), those that are known."""
        records = self.records
        own = is_search(records)
        retrained = records.loc[~own, "trial"].nunique()
        statuses = records[own].drop_duplicates("trial")["status"].value_counts()
        facts = [
            ("Protocol", self.protocol),
            ("Stands for", self.stands_for),
            ("Search space", self.space),
            ("Searched on", self.search_dataset),
            ("Digest of the data", self.digest),
            ("Images for w and for α", _halves(records)),
            ("Evaluated on", _distinct(records["eval_dataset"])),
            ("Evaluation", "; ".join(_EVALUATIONS.get(e, e) for e in _values(records["evaluation"]) if e != "none")),
            ("Algorithms", _algorithms(records)),
            ("Searches", f"{statuses.sum()} ({', '.join(f'{n} {s}' for s, n in statuses.items())})"),
            ("Networks trained to evaluate them", str(retrained or "")),
            ("Seeds", _distinct(records["seed"])),
            ("Changed from the protocol", self.changes),
            *((text, self._configured(key)) for key, text in _CONFIGURED.items()),
            ("Device", _distinct(records["device"])),
            ("Threads of a search", _distinct(records["threads"])),
            ("Code version", _distinct(records["code_version"])),
            ("Libraries", "; ".join(_libraries(text) for text in _values(records["library_versions"]))),
            ("Started", _span(records["started_at"])),
        ]
        return [(key, text) for key, text in facts if text]

    def _configured(self, key: str) -> str:
        return "; ".join(dict.fromkeys(_text(c[key]) for c in self.configs if c.get(key) not in (None, "", [], {})))


_CONFIGURED = {
    "split": "Split",
    "budget": "Budget",
    "data": "Data",
    "command": "Command",
}


def split(runs: Sequence[Run]) -> list[Section]:
    """Sections in the order in which the runs name them; a trial that several runs hold counts once, or is refused."""
    parts: dict[tuple[str, str, str, str], list[tuple[Run, pd.DataFrame]]] = {}
    for run in map(_harmless, runs):
        digest = str(run.config.get("data_digest", ""))
        if run.records.empty:
            protocol, space, dataset = (str(run.config.get(key, "unknown")) for key in ("protocol", "space", "dataset"))
            parts.setdefault((protocol, space, dataset, digest), []).append((run, run.records))
        known = run.records.fillna(dict.fromkeys(KEYS, "unknown"))
        for key, group in known.groupby(KEYS, sort=False):
            protocol, space, dataset = map(str, key)
            parts.setdefault((protocol, space, dataset, digest), []).append((run, group))
    named = [key[:3] for key in parts]
    return [_section(key[:3], key[3] if named.count(key[:3]) > 1 else "", members) for key, members in parts.items()]


def _harmless(run: Run) -> Run:
    """The run, its texts without characters that steer a terminal or a browser."""
    return replace(run, config=neutral_value(run.config), records=neutral(run.records), history=neutral(run.history))


def _section(names: tuple[str, str, str], digest: str, members: Sequence[tuple[Run, pd.DataFrame]]) -> Section:
    records = _joined(group for _, group in members)
    records = once(records)
    history = _joined(run.history[run.history["trial"].isin(group["trial"])] for run, group in members)
    history = history.drop_duplicates(["trial", "epoch"]).reset_index(drop=True)
    return Section(*names, tuple(run.config for run, _ in members), records, history, digest)


def _changes(config: Mapping[str, object]) -> str:
    """What one run changed: what was set, and what else makes its comparison another one."""
    overrides, changed = config.get("overrides"), config.get("changed")
    given = overrides if isinstance(overrides, Mapping) else {}
    return ", ".join(
        [f"{key} = {textwrap.shorten(_text(value), 60, placeholder=' …')}" for key, value in given.items()]
        + (changed if isinstance(changed, list) else [])
    )


def _joined(frames: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Frames one under another; empty ones would decide the column types, so they only serve where all are empty."""
    every = list(frames)
    return pd.concat([frame for frame in every if not frame.empty] or every[:1], ignore_index=True)


def _algorithms(records: pd.DataFrame) -> str:
    named = methods(records)
    return ", ".join(named.titles[name] for name in sorted(_values(records["algorithm"]), key=named.precedence))


def _values(column: pd.Series) -> list[str]:
    """Distinct values as text: numbers in order, texts as they come."""
    kept = column.dropna()
    ordered = kept.sort_values() if pd.api.types.is_numeric_dtype(kept) else kept
    return [text for text in dict.fromkeys(ordered.astype(str)) if text]


def _distinct(column: pd.Series) -> str:
    return ", ".join(_values(column))


def _halves(records: pd.DataFrame) -> str:
    pairs = records[["n_train", "n_val"]].dropna().drop_duplicates()
    return "; ".join(f"{int(a):,} and {int(b):,}" for a, b in pairs.itertuples(index=False))


def _span(started: pd.Series) -> str:
    known = sorted(_values(started))
    return " to ".join(dict.fromkeys([known[0], known[-1]])) if known else ""


def _libraries(text: str) -> str:
    return ", ".join(f"{library} {version}" for library, version in json.loads(text).items())


def _text(value: object) -> str:
    """A configuration value on one line."""
    if isinstance(value, Mapping):
        return ", ".join(f"{k} = {_text(v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value))
    return str(value)
