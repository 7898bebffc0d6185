"""How results are shown: tables, figures, drawn cells and one self-contained HTML page. Takes data frames only."""
