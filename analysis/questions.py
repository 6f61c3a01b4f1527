"""The list of all questions. To add one: a .sql, a .py of the same name, a test, and a line here."""

from analysis import (
    accuracy,
    accuracy_on_pies,
    class_distribution,
    datasets,
    example,
    influence,
    pie_rate,
    pies,
    readability,
    run,
    run_epochs,
    run_masks,
    runs,
    studies,
    variants,
)
from analysis.question import Question

QUESTIONS: dict[str, Question] = {
    module.QUESTION.name: module.QUESTION
    for module in (
        pie_rate,
        pies,
        accuracy,
        accuracy_on_pies,
        class_distribution,
        influence,
        readability,
        datasets,
        studies,
        variants,
        runs,
        run,
        run_masks,
        run_epochs,
        example,
    )
}
