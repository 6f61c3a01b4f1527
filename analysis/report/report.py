"""Everything that a warehouse shows, in one page."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count

from analysis.figures import number_of, number_of_pruner
from analysis.figures.class_distribution import class_distribution_figure
from analysis.figures.data_map import data_map_figure
from analysis.figures.effectiveness import effectiveness_figure
from analysis.figures.figure import Figure
from analysis.figures.influence import influence_figure
from analysis.figures.on_pies import on_pies_figure
from analysis.figures.readability import readability_figure
from analysis.once import asking_once
from analysis.report.findings import findings
from analysis.report.making import incomplete, origin, studies_table
from analysis.report.measures import MEASURES
from analysis.report.page import Part, page
from analysis.report.rows import Rows
from analysis.selection import Selection, configurations_in, dataset_name, percent, place, pruners_in
from analysis.tables import NO_PAPER_NOTES, TABLES, make_table
from analysis.tables.table import Table
from store.progress import Progress, unseen
from store.warehouse import Warehouse

_NUM_STEPS = 4
"""Beside the measures."""


def make_report(
    warehouse: Warehouse, selection: Selection | None = None, *, with_paper: bool = True, progress: Progress = unseen
) -> str:
    """The page, as HTML, of one snapshot; `progress` is told how far it is. Raises NotFound when a filter names what is not there."""
    selection = selection or Selection()
    num_done = count()

    def step(what: str) -> None:
        progress(next(num_done), _NUM_STEPS + len(MEASURES), what)

    # Tables, figures and findings need some of the same answers.
    with warehouse.reading() as snapshot, asking_once():
        rows = Rows(warehouse, selection)
        step("findings")
        parts = [Part("findings", "Findings", findings=findings(rows))]
        step("tables")
        tables = list(_tables(rows, with_paper))
        parts.append(Part("tables", "Tables", ["Numbered as in the paper."], tables=tables))
        step("figures")
        figures = list(_figures(rows))
        parts.append(Part("figures", "Figures", ["Numbered as in the paper, where it has them."], figures=figures))
        parts.append(_measures(rows, step))
        step("how it was made")
        parts.append(Part("making", "How it was made", origin(rows, snapshot), tables=[studies_table(rows)]))
        parts.append(Part("missing", "What is missing", incomplete(rows)))
    return page("What pruning changes", _subtitle(rows), parts)


def _subtitle(rows: Rows) -> str:
    datasets = ", ".join(dataset_name(name) for name in sorted(rows.variants["dataset"].unique().to_list(), key=place))
    pruners = len([name for name in pruners_in(rows.variants) if name != "none"])
    if not datasets:
        return "This warehouse has no published runs yet."
    return (
        f"{datasets}: {int(rows.variants['num_seeds'].sum()):,} runs of {len(rows.variants)} variants, {pruners} pruners; the "
        f"{rows.selection.split} set unless said otherwise."
    )


def _tables(rows: Rows, with_paper: bool) -> Iterator[Table]:
    for number in TABLES:
        table = make_table(rows.warehouse, number, rows.selection, with_paper=with_paper)
        # That the paper has nothing to hold against them need not be said of every table.
        yield replace(table, notes=[note for note in table.notes if note not in NO_PAPER_NOTES])


def _figures(rows: Rows) -> Iterator[Figure]:
    """Those of the paper for every configuration and pruner that there is; numbered where the paper has them."""
    yield effectiveness_figure(rows.accuracy, 1)
    of_several_labels = set(rows.accuracy.filter(metric="f1_macro")["recipe_id"])
    for configuration in configurations_in(rows.classes):
        number = 6 if configuration.recipe_id in of_several_labels else 0
        yield class_distribution_figure(configuration.of(rows.classes), number)
    for configuration in configurations_in(rows.on_pies):
        yield on_pies_figure(rows.on_pies, number_of("on pies", configuration), configuration)
    for pruner in pruners_in(rows.influence):
        yield influence_figure(rows.influence, number_of_pruner(pruner), pruner)
    for configuration in configurations_in(rows.readability):
        yield readability_figure(rows.readability, number_of("readability", configuration), configuration)


def _measures(rows: Rows, step: Callable[[str], None]) -> Part:
    sparsity = rows.sparsity
    if sparsity is None:
        return Part("measures", "Further measures", ["There is no pruned variant to measure yet."])
    tables = []
    for measure in MEASURES:
        step("further measures")
        tables.append(measure(rows, sparsity))
    return Part(
        "measures",
        "Further measures",
        list(_measured(rows, sparsity)),
        tables=tables,
        figures=[] if rows.standing_for_all else [data_map_figure(rows.data_map)],
    )


def _measured(rows: Rows, sparsity: float) -> Iterator[str]:
    yield f"Beyond the paper's, for the sparsity in the middle, {percent(sparsity)}; `pie` has them for every variant."
    if rows.standing_for_all is not None:
        yield (
            f"As there are many predictions, {rows.standing_for_all}, on average the most effective pruner there, stands for all but "
            "in the last two tables, and no data map is drawn."
        )
