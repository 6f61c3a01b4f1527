"""A warehouse as the first release made it, by code: its schema 4, and rows in it as that release would have written them.

It stays as it is for ever, whatever later versions do: they must move it forward without loss.
"""

from pathlib import Path

import pytest

from store.migrate import migrations
from store.warehouse import open_warehouse

VERSION = 4
DIGESTS = {
    "0001_tables": "527df130b31612f4a58f5e2b5cdbde4268fd9478256c3be554dd164e738d032f",
    "0002_answers": "4363e9ceca863a581f7be9e9fd6e4c3e08e45ec6bf9204abd779ee813dc4aefa",
    "0003_concepts": "e82a955c2e30ed4af72d9a3d190fbd300ed8fc9b11fc27c0bf6c2ddaf0194a44",
    "0004_trials": "14c453677239df1ed70753b7bce109a9276632807f6ff0ec3b627677b1bcc767",
}
"""SHA-256 of the migrations of the first release: what is released does not change, a later migration changes it."""

# A single-label dataset of 4 test examples, all of class 0; 3 seeds of the unpruned and of a pruned variant, and one seed of
# another. Stored are the answers about the first pruned variant; the second one grows.
_ROWS = """
insert into dataset values ('old', 'single_label', 2, 'digest of old');
insert into class values ('old', 0, 'no'), ('old', 1, 'yes');
insert into example select 'old', 'test', i, 'Text ' || i, [0], 2 from range(4) as r(i);
insert into readability select 'old', 'test', i, 1 + i, 1, 1, 1, 1, 1, 1, '0.7.8' from range(4) as r(i);
insert into study values ('old study', 'recipe1', 'old', 'bilstm', 9, '{}', timestamp '2026-01-01');
insert into recipe_study values ('recipe1', 'old study');
insert into run by name
select
    pruner || seed as run_id, 'recipe1' as recipe_id, 'old study' as study, 'old' as dataset, 'bilstm' as architecture, pruner, sparsity,
    seed, case when pruner = 'RP-AI' and seed > 0 then 'planned' else 'published' end as status,
    case when status = 'published' then 1 end as last_epoch, '{}' as config,
    case when status = 'published' then 'content of ' || run_id end as content_digest
from (values ('none', 0.0), ('IMP-FT', 0.5), ('RP-AI', 0.9)) as v(pruner, sparsity), range(3) as s(seed);
insert into evaluation select r.run_id, 'test', 1, 4 from run as r where r.status = 'published';
insert into evaluated_run by name
select
    r.run_id, r.recipe_id, r.dataset, 'single_label' as task, 2 as num_classes, r.architecture, r.pruner, r.sparsity, r.seed, r.last_epoch,
    'test' as split, 4 as num_examples, case r.pruner when 'none' then 1.0 when 'IMP-FT' then 0.75 end as value
from run as r
where r.status = 'published';
-- The unpruned runs are right on all examples, IMP-FT is wrong on example 3 and RP-AI on examples 2 and 3.
insert into prediction
select r.run_id, 'test', 1, i, case r.pruner when 'IMP-FT' then i = 3 when 'RP-AI' then i >= 2 else false end::smallint
from run as r, range(4) as e(i)
where r.status = 'published';
insert into logit
select p.run_id, p.split, p.epoch, p.example_id, [1 - p.class_id, p.class_id]
from prediction as p;
insert into stored_comparison values (
    500, 'recipe1', 'old', 'single_label', 2, 'bilstm', 'IMP-FT', 0.5, 'test', 4, 3, [0, 1, 2], ['none0', 'none1', 'none2'], [1, 1, 1],
    ['IMP-FT0', 'IMP-FT1', 'IMP-FT2'], [1, 1, 1], 1
);
insert into stored_majority
select 500, i = 3, i, [0], [(i = 3)::smallint], [3, 0], case i when 3 then [0, 3] else [3, 0] end from range(4) as r(i);
insert into stored_on_pies_of_run
select 500, seed, side, case side when 'pruned' then 'IMP-FT' else 'none' end || seed, (side = 'unpruned')::double
from range(3) as s(seed), (values ('pruned'), ('unpruned')) as t(side);
insert into stored_on_pies values (500, 1, 0.75, 1, 0, 1, 0, 0, 0);
insert into stored_class_distribution values (500, 0, 'no', 4, 1), (500, 1, 'yes', 0, 0);
insert into stored_readability
select 500, measure, case measure when 'automated_readability_index' then 2.5 when 'num_tokens' then 2 else 1 end,
    case measure when 'automated_readability_index' then 4 when 'num_tokens' then 2 else 1 end
from (values ('automated_readability_index'), ('coleman_liau_index'), ('flesch_kincaid_grade'), ('linsear_write_formula'),
    ('gunning_fog'), ('dale_chall_readability_score'), ('difficult_words'), ('num_tokens')) as m(measure);
"""


def make_released_warehouse(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the first release's warehouse at `path`."""
    first = [migration for migration in migrations() if migration.version <= VERSION]
    with monkeypatch.context() as patch:
        patch.setattr("store.migrate.migrations", lambda: first)
        with open_warehouse(path, create=True) as warehouse, warehouse.transaction("old rows"):
            warehouse.execute(_ROWS)
