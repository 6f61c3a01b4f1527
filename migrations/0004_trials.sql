-- What `pie tune` tried.

create table trial (
    study varchar not null,
    number integer not null,
    trial_id varchar not null,
    dataset varchar not null,
    architecture varchar not null,
    seed integer not null,
    epochs integer not null,
    learning_rate double not null,
    batch_size integer not null,
    metric varchar not null,
    value double,
    status varchar not null,
    failure varchar,
    config varchar not null,
    recorded_at timestamp not null
);
comment on table trial is 'One row per study and trial of its search of hyperparameters: an unpruned model, trained to its last epoch.';
comment on column trial.study is 'The study whose ranges were searched.';
comment on column trial.number is 'Number of the trial, from 0; the same number has the same hyperparameters whenever it is sampled.';
comment on column trial.trial_id is '12 hexadecimal digits of the digest of the configuration; a trial is no run, and not in the table run.';
comment on column trial.dataset is 'Name of the dataset.';
comment on column trial.architecture is 'bilstm, bert or another architecture.';
comment on column trial.seed is 'Seed of the training: the study''s first.';
comment on column trial.epochs is 'Number of epochs, sampled uniformly.';
comment on column trial.learning_rate is 'Learning rate, sampled uniformly on a logarithmic scale.';
comment on column trial.batch_size is 'Batch size, one of those to choose from.';
comment on column trial.metric is 'What value measures on the validation set: accuracy (single-label) or f1_macro (multi-label).';
comment on column trial.value is 'The metric after the last epoch; null when the trial failed.';
comment on column trial.status is 'finished or failed.';
comment on column trial.failure is 'Why the trial failed; null otherwise.';
comment on column trial.config is 'The configuration as JSON: what the trial_id is the digest of.';
comment on column trial.recorded_at is 'When the trial was recorded, UTC.';
