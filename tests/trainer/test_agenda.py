"""Which run is next: a seed's dense epochs are never trained by two at a time."""

from hypothesis import given, settings
from hypothesis import strategies as st

from store.identity import RunConfig
from tests.trainer.tiny import tiny_study
from trainer.agenda import Agenda
from trainer.plan import Epochs, needs_dense


def grid(num_seeds: int = 2) -> list[RunConfig]:
    return tiny_study(pruners=("IMP-WR", "RP-AI"), seeds=tuple(range(num_seeds))).planned_configs()


def names(configs: list[RunConfig | None]) -> list[tuple[str, int] | None]:
    return [config and (config.pruner, config.seed) for config in configs]


def test_iterative_runs_wait_for_the_dense_epochs_of_their_seed() -> None:
    agenda = Agenda(grid())
    first = [agenda.next() for _ in range(5)]
    assert names(first) == [("none", 0), ("RP-AI", 0), ("none", 1), ("RP-AI", 1), None]
    assert first[0]
    agenda.dense_ready(first[0].run_id)
    assert names([agenda.next(), agenda.next()]) == [("IMP-WR", 0), None]


def test_the_dense_epochs_pass_to_another_run_when_the_first_one_fails() -> None:
    agenda = Agenda(grid(num_seeds=1))
    first = agenda.next()
    assert first
    agenda.done(first.run_id)
    assert names([agenda.next()]) == [("IMP-WR", 0)]


def test_runs_that_would_fail_alike_are_dropped() -> None:
    configs = grid()
    agenda = Agenda(configs)
    first = agenda.next()
    assert first == configs[0]
    assert names([*agenda.drop_dependents(configs[0])]) == [("IMP-WR", 0)]
    assert agenda.dense_needed(configs[0])  # by the run that is under way
    assert agenda.dense_needed(configs[-1])  # by those of the other seed


def test_runs_of_one_seed_but_other_hyperparameters_do_not_wait_for_each_other() -> None:
    configs = [config for rate in (0.1, 0.2) for config in tiny_study(learning_rate=rate).planned_configs()]
    agenda = Agenda(configs)
    first, second = agenda.next(), agenda.next()
    assert first and second
    assert (second.pruner, second.settings["learning_rate"]) == ("IBP-AI", 0.1)
    dense = [config for _ in range(4) if (config := agenda.next()) and config.pruner == "none"]
    assert [config.settings["learning_rate"] for config in dense] == [0.2]
    assert Epochs.of(configs) == Epochs(2 * Epochs.of(configs[:9]).alone, 2 * Epochs.of(configs[:9]).saved)


def test_a_run_that_was_cut_short_comes_first() -> None:
    agenda = Agenda(grid())
    first = agenda.next()
    assert first
    agenda.put_back(first.run_id)
    assert agenda.next() == first
    assert len(agenda) == len(grid())


@settings(deadline=None, max_examples=50)
@given(st.data())
def test_in_any_order_of_events_every_run_is_trained_once_and_no_dense_epochs_twice(data: st.DataObject) -> None:
    configs = grid(num_seeds=3)
    agenda, running, trained, ready = Agenda(configs), dict[str, RunConfig](), list[str](), set[int]()
    while len(agenda):
        while len(running) < 3 and (config := agenda.next()):
            running[config.run_id] = config
            dense = [c.seed for c in running.values() if needs_dense(c) and c.seed not in ready]
            assert len(dense) == len(set(dense))
        config = running[data.draw(st.sampled_from(sorted(running)))]
        if needs_dense(config) and config.seed not in ready:
            agenda.dense_ready(config.run_id)
            ready.add(config.seed)
        agenda.done(config.run_id)
        trained.append(running.pop(config.run_id).run_id)
    assert sorted(trained) == sorted(config.run_id for config in configs)
    assert not any(map(agenda.dense_needed, configs))
