"""How results are shown: tables, figures, drawn cells and one self-contained HTML page. Takes data frames only.

The page, from the whole to its parts:

- ``page``: the report of one or more runs, as HTML, Markdown, tables and figures.
- ``sections``: which records belong together. ``contents``: what a section holds, in the order of the page.
- ``across``: several settings side by side. ``answer``: the answer in plain English.
- ``claims``, ``claimed``: the RARTS paper's claims, and what other papers claim, each with a verdict.
- ``paper_tables``: the RARTS paper's tables beside ours.
- ``glossary``: what each number of the page means.

Tables:

- ``table``: one table in its formats. ``tables``: the report's.
- ``rows``: names and order of rows, and columns that say something.
- ``matrix``: all pairs of methods. ``queried``: what searches by queries hand over. ``ranking``: the terminal's table.

Figures:

- ``chart``: what a figure shows, free of how it is drawn.
- ``scale``, ``labels``, ``letters``: axes, places of names, widths of texts.
- ``svg``: a chart for the page. ``paper_figures``: the same by matplotlib. ``style``: their colours.
- ``forest``: a row a method. ``diagrams``: critical differences. ``dynamics``: epochs. ``scatters``: a mark a search.
- ``fronts``: what was found beside the exact Pareto fronts.
- ``sweep``: curves, heat maps and parallel coordinates. ``trajectories``: the solvable model.

Cells:

- ``cell_graph``: a cell's edges and nodes.
- ``cell_arcs``, ``cell_lanes``: where these lie in a cell of one input, and of several.
- ``cell_svg``, ``cells``: a cell for the page, and for papers. ``found_cells``: every cell that was found.

Texts:

- ``formats``: how a number is written. ``neutral``: text from records made harmless.
"""
