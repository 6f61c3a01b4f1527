"""One run, from its configuration to the spool, by way of journals.

The dense epochs of a seed are trained once, in a journal of their own. The unpruned run is made of nothing else;
an iterative run copies what it needs of them into its own journal and goes on from there.
"""

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from itertools import chain

import torch

from store.identity import RunConfig
from store.protocol import UNPRUNED
from store.spool import MANIFEST, RunWriter
from trainer.encoding import EncodedDataset
from trainer.events import DenseReady, Event, Step
from trainer.journal import Journal
from trainer.models import build_model
from trainer.place import Place, dense_config, dense_journal, locked, own_journal
from trainer.records import Checkpoint, Key, Progress, Record, inherited, write_run
from trainer.settings import Training
from trainer.study import Study
from trainer.timeline import Timeline, timeline
from trainer.train import train

LOCK_TIMEOUT_SECONDS = 5.0


class TrainingRun:
    """One run of a study, trained at a place."""

    def __init__(
        self, study: Study, config: RunConfig, data: EncodedDataset, place: Place, report: Callable[[Event], None]
    ) -> None:
        self.config, self._study, self._data, self._place, self._report = config, study, data, place, report
        self._times = _timeline(config)
        self._own = own_journal(place.work, config)
        self.in_dense = False
        """Whether it is at the epochs that it shares with other runs."""

    def spool(self) -> Mapping[Key, float]:
        """Train what is missing of the run and spool it; returns the metrics of its last epoch, none when it lay there.

        Raises Busy when another process trains it, Diverged when a loss is not finite.
        """
        with locked(self._own, LOCK_TIMEOUT_SECONDS):
            if (self._place.spool / self.config.run_id / MANIFEST).exists():
                return {}
            with self._finished() as journal:
                metrics = self._write(journal)
            self._own.remove()
        return metrics

    @contextmanager
    def _finished(self) -> Iterator[Journal]:
        """The journal of the whole run: an unpruned one has no epochs but the dense ones."""
        if self.config.pruner == UNPRUNED:
            with self._dense() as journal:
                yield journal
            return
        newest = self._own.resume()
        if newest or not self._times.num_dense:
            self._train(self._own, self.config, newest)
        else:
            with self._dense() as journal:
                start, first = journal.resume(), list(inherited(journal.records(), self._times))
            self._train(self._own, self.config, start, first)
        yield self._own

    @contextmanager
    def _dense(self) -> Iterator[Journal]:
        """The finished journal of the dense epochs, locked while it is used."""
        journal = dense_journal(self._place.work, self.config)
        with locked(journal):
            self.in_dense = True
            self._train(journal, dense_config(self.config), journal.resume())
            self.in_dense = False
            self._report(DenseReady(self.config.run_id))
            yield journal

    def _train(
        self, journal: Journal, config: RunConfig, start: Checkpoint | None, first: Iterable[Record] = ()
    ) -> None:
        """Train a journal's run to its end, `first` being the records of what came before `start`."""
        if start and start.epoch == _timeline(config).last_epoch:
            return
        build = partial(build_model, self._study.architecture, self._data)
        records = train(config, self._data, build, device=torch.device(self._place.device), start=start)
        for event in journal.keep(chain(first, records)):
            share = event.num_done / event.num_batches if isinstance(event, Progress) else 1.0
            self._report(Step(self.config.run_id, event.epoch, share, self.in_dense))

    def _write(self, journal: Journal) -> Mapping[Key, float]:
        # What an earlier attempt left there may be of another version.
        shutil.rmtree(self._place.spool / f"{self.config.run_id}.partial", ignore_errors=True)
        writer = RunWriter(self._place.spool, self.config, study=self._study.name, task=self._data.task)
        keep_logits = Training.of(self.config).record.test_logits
        return write_run(journal.records(), writer, keep_logits=keep_logits)


def _timeline(config: RunConfig) -> Timeline:
    training = Training.of(config)
    return timeline(config.pruner, training.epochs, training.record)
