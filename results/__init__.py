"""What came out of a run: the record schema, the run folder, statistics, published figures. Frames in, frames out.

- ``schema``: the columns of records and history, and the frames built from rows.
- ``store``: the run folder, written by ``Store`` and read by ``load``. ``atomic``: files that are whole or absent.
- ``published``: the figures of the RARTS paper's tables, shown beside ours and never mixed with them.
- ``statistics``: means with bootstrap intervals, paired differences, Friedman's test.
- ``comparison``: the tables a report shows, computed from records.
- ``errors``: ``BadInput``, what every folder raises for a fault the user can mend.

Imports neither torch nor any other folder of the house.
"""

from results.store import Run, load

__all__ = ["Run", "load"]
