-- The tables of the warehouse. Columns may be added by later migrations, never renamed.

create table dataset (
    dataset varchar not null,
    task varchar not null,
    num_classes integer not null,
    digest varchar not null
);
comment on table dataset is 'One row per dataset.';
comment on column dataset.dataset is 'Name of the dataset.';
comment on column dataset.task is 'single_label or multi_label.';
comment on column dataset.num_classes is 'Number of classes.';
comment on column dataset.digest is 'SHA-256 over texts, gold classes, splits and class names: the content a run was trained on.';

create table class (
    dataset varchar not null,
    class_id smallint not null,
    name varchar not null
);
comment on table class is 'One row per class of a dataset.';
comment on column class.dataset is 'Name of the dataset.';
comment on column class.class_id is 'Number of the class, from 0.';
comment on column class.name is 'Name of the class.';

create table example (
    dataset varchar not null,
    split varchar not null,
    example_id integer not null,
    text varchar not null,
    class_ids smallint[] not null,
    num_tokens integer not null
);
comment on table example is 'One row per example of a dataset.';
comment on column example.dataset is 'Name of the dataset.';
comment on column example.split is 'train, validation or test.';
comment on column example.example_id is 'Number of the example, from 0 within dataset and split.';
comment on column example.text is 'The text (of a pair of texts: both, with a blank between).';
comment on column example.class_ids is 'Gold classes, ascending; exactly one for a single-label dataset.';
comment on column example.num_tokens is 'Number of tokens by the basic_english rule, before any cut.';

create table readability (
    dataset varchar not null,
    split varchar not null,
    example_id integer not null,
    automated_readability_index double not null,
    coleman_liau_index double not null,
    flesch_kincaid_grade double not null,
    linsear_write_formula double not null,
    gunning_fog double not null,
    dale_chall_readability_score double not null,
    difficult_words integer not null,
    textstat_version varchar not null
);
comment on table readability is 'One row per example: its readability scores, by textstat.';
comment on column readability.dataset is 'Name of the dataset.';
comment on column readability.split is 'train, validation or test.';
comment on column readability.example_id is 'Number of the example.';
comment on column readability.automated_readability_index is 'Automated readability index (Senter and Smith 1967), a school grade.';
comment on column readability.coleman_liau_index is 'Coleman-Liau index (1975), a school grade.';
comment on column readability.flesch_kincaid_grade is 'Flesch-Kincaid grade level (1975).';
comment on column readability.linsear_write_formula is 'Linsear Write (O''hayre 1966), a school grade.';
comment on column readability.gunning_fog is 'Gunning Fog index (1969), years of schooling.';
comment on column readability.dale_chall_readability_score is 'Dale-Chall readability score (1948).';
comment on column readability.difficult_words is 'Number of difficult words.';
comment on column readability.textstat_version is 'Version of textstat: versions differ in value.';

create table study (
    study varchar not null,
    recipe_id varchar not null,
    dataset varchar not null,
    architecture varchar not null,
    num_runs integer not null,
    config varchar not null,
    planned_at timestamp not null
);
comment on table study is 'One row per study that was planned.';
comment on column study.study is 'Name of the study.';
comment on column study.recipe_id is 'What all its runs share: dataset content, architecture, hyperparameters, protocol.';
comment on column study.dataset is 'Name of the dataset.';
comment on column study.architecture is 'bilstm, bert or another architecture.';
comment on column study.num_runs is 'Number of runs the study holds when complete.';
comment on column study.config is 'The study as JSON.';
comment on column study.planned_at is 'When it was last planned, UTC.';

create table run (
    run_id varchar not null,
    recipe_id varchar not null,
    study varchar not null,
    dataset varchar not null,
    architecture varchar not null,
    pruner varchar not null,
    scoring varchar,
    schedule varchar,
    tuning varchar,
    sparsity double not null,
    seed integer not null,
    status varchar not null,
    threshold double,
    num_parameters bigint,
    num_prunable bigint,
    num_pruned bigint,
    measured_sparsity double,
    last_epoch smallint,
    config varchar not null,
    versions varchar,
    started_at timestamp,
    finished_at timestamp,
    content_digest varchar,
    failure varchar
);
comment on table run is 'One row per run: one training of one variant with one seed.';
comment on column run.run_id is '12 hexadecimal digits of the digest of the configuration.';
comment on column run.recipe_id is 'Digest of the configuration without pruner, sparsity and seed: only runs of one recipe are compared.';
comment on column run.study is 'The study that planned the run first.';
comment on column run.dataset is 'Name of the dataset.';
comment on column run.architecture is 'bilstm, bert or another architecture.';
comment on column run.pruner is 'none, or the pruner: IIBP-WR, IIBP-FT, IBP-AI, IMP-WR, IMP-FT, MP-AI, IRP-FT, RP-AI.';
comment on column run.scoring is 'impact, magnitude or random; null when unpruned.';
comment on column run.schedule is 'iterative or at_initialization; null when unpruned.';
comment on column run.tuning is 'weight_rewinding or fine_tuning; null unless iterative.';
comment on column run.sparsity is 'Target share of the prunable weights that are removed, 0 when unpruned.';
comment on column run.seed is 'Seed of the run.';
comment on column run.status is 'planned, spooled, published, failed or retracted; questions count published runs only.';
comment on column run.threshold is 'Probability above which a class is predicted at the last epoch; null for single-label.';
comment on column run.num_parameters is 'Number of parameters of the model.';
comment on column run.num_prunable is 'Number of weights that may be pruned.';
comment on column run.num_pruned is 'Number of weights that were pruned.';
comment on column run.measured_sparsity is 'num_pruned / num_prunable.';
comment on column run.last_epoch is 'The last epoch, counted from 0.';
comment on column run.config is 'The configuration as JSON: what the run_id is the digest of.';
comment on column run.versions is 'Versions of the software that trained the run, as JSON.';
comment on column run.started_at is 'When training started, UTC.';
comment on column run.finished_at is 'When training finished, UTC.';
comment on column run.content_digest is 'Digest of the run''s published files: tells the same run from another with its run_id.';
comment on column run.failure is 'Why the run failed; null otherwise.';

create table mask (
    run_id varchar not null,
    pruning smallint not null,
    epoch smallint not null,
    tensor varchar not null,
    shape integer[] not null,
    num_weights bigint not null,
    num_kept bigint not null,
    threshold double,
    digest varchar not null
);
comment on table mask is 'One row per run, pruning and prunable tensor.';
comment on column mask.run_id is 'The run.';
comment on column mask.pruning is 'Number of the pruning, from 0.';
comment on column mask.epoch is 'The last epoch trained before the pruning; -1 for a pruning at initialization.';
comment on column mask.tensor is 'Name of the tensor in the model.';
comment on column mask.shape is 'Shape of the tensor.';
comment on column mask.num_weights is 'Number of its weights.';
comment on column mask.num_kept is 'Number of its weights that are not pruned.';
comment on column mask.threshold is 'Largest score among the weights removed by this pruning; null when none was.';
comment on column mask.digest is 'SHA-256 of the mask''s bits, packed in row-major order, high bit first.';

create table epoch_metric (
    run_id varchar not null,
    epoch smallint not null,
    split varchar not null,
    metric varchar not null,
    value double not null
);
comment on table epoch_metric is 'One row per run, epoch, split and metric.';
comment on column epoch_metric.run_id is 'The run.';
comment on column epoch_metric.epoch is 'Epoch, counted from 0.';
comment on column epoch_metric.split is 'train, validation or test.';
comment on column epoch_metric.metric is 'loss, accuracy, f1_macro, threshold or another measure.';
comment on column epoch_metric.value is 'Its value after the epoch.';

create table evaluation (
    run_id varchar not null,
    split varchar not null,
    epoch smallint not null,
    num_examples integer not null
);
comment on table evaluation is 'One row per run, split and epoch whose every example''s prediction is stored (an example may have no predicted class).';
comment on column evaluation.run_id is 'The run.';
comment on column evaluation.split is 'train, validation or test.';
comment on column evaluation.epoch is 'Epoch, counted from 0.';
comment on column evaluation.num_examples is 'Number of examples that were predicted.';

create table prediction (
    run_id varchar not null,
    split varchar not null,
    epoch smallint not null,
    example_id integer not null,
    class_id smallint not null
);
comment on table prediction is 'One row per run, split, epoch, example and predicted class.';
comment on column prediction.run_id is 'The run.';
comment on column prediction.split is 'train, validation or test.';
comment on column prediction.epoch is 'Epoch, counted from 0.';
comment on column prediction.example_id is 'Number of the example.';
comment on column prediction.class_id is 'A class predicted for it.';

create table logit (
    run_id varchar not null,
    split varchar not null,
    epoch smallint not null,
    example_id integer not null,
    logits float[] not null
);
comment on table logit is 'One row per run, split, epoch and example.';
comment on column logit.run_id is 'The run.';
comment on column logit.split is 'train, validation or test.';
comment on column logit.epoch is 'Epoch, counted from 0.';
comment on column logit.example_id is 'Number of the example.';
comment on column logit.logits is 'One logit per class, in the order of class_id.';

create table el2n (
    run_id varchar not null,
    epoch smallint not null,
    example_id integer not null,
    el2n float not null
);
comment on table el2n is 'One row per run, epoch and training example.';
comment on column el2n.run_id is 'The run.';
comment on column el2n.epoch is 'Epoch, counted from 0.';
comment on column el2n.example_id is 'Number of the training example.';
comment on column el2n.el2n is 'L2 distance between predicted probabilities and gold labels after the epoch (Paul et al. 2021).';

create table kept_snapshot (
    name varchar not null,
    snapshot bigint not null,
    kept_at timestamp not null
);
comment on table kept_snapshot is 'One row per snapshot that `pie compact` must not expire.';
comment on column kept_snapshot.name is 'The name it is kept under.';
comment on column kept_snapshot.snapshot is 'Number of the snapshot.';
comment on column kept_snapshot.kept_at is 'When it was marked, UTC.';
