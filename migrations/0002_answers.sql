-- What is kept beside the runs, so that questions need not go through all predictions. Every row here follows from the
-- tables of 0001. What is stored of a variant is of all its runs: planning, publishing or retracting another one drops it in the
-- same transaction, and it is computed by the views of 0003 until it is stored again.

create table recipe_study (
    recipe_id varchar not null,
    study varchar not null
);
comment on table recipe_study is 'One row per recipe and study that has runs of it.';
comment on column recipe_study.recipe_id is 'What only differs in pruner, sparsity and seed has one recipe.';
comment on column recipe_study.study is 'Name of the study.';

create table evaluated_run (
    run_id varchar not null,
    recipe_id varchar not null,
    dataset varchar not null,
    task varchar not null,
    num_classes integer not null,
    architecture varchar not null,
    pruner varchar not null,
    sparsity double not null,
    seed integer not null,
    last_epoch smallint not null,
    split varchar not null,
    num_examples integer not null,
    value double
);
comment on table evaluated_run is 'One row per published run and split whose predictions at the run''s last epoch are stored.';
comment on column evaluated_run.run_id is 'The run.';
comment on column evaluated_run.recipe_id is 'What only differs in pruner, sparsity and seed has one recipe.';
comment on column evaluated_run.dataset is 'Name of the dataset.';
comment on column evaluated_run.task is 'single_label or multi_label.';
comment on column evaluated_run.num_classes is 'Number of classes of the dataset.';
comment on column evaluated_run.architecture is 'bilstm, bert or another architecture.';
comment on column evaluated_run.pruner is 'none for unpruned, or the pruner.';
comment on column evaluated_run.sparsity is 'Target share of the prunable weights that are removed, 0 when unpruned.';
comment on column evaluated_run.seed is 'Seed of the run.';
comment on column evaluated_run.last_epoch is 'The run''s last epoch, counted from 0.';
comment on column evaluated_run.split is 'train, validation or test.';
comment on column evaluated_run.num_examples is 'Number of examples that were predicted.';
comment on column evaluated_run.value is 'Accuracy or macro F1 of the run; null until it is stored: the view effectiveness always has it.';

create table stored_comparison (
    comparison_id bigint not null,
    recipe_id varchar not null,
    dataset varchar not null,
    task varchar not null,
    num_classes integer not null,
    architecture varchar not null,
    pruner varchar not null,
    sparsity double not null,
    split varchar not null,
    num_examples integer not null,
    num_seeds integer not null,
    seeds integer[] not null,
    unpruned_run_ids varchar[] not null,
    unpruned_epochs smallint[] not null,
    pruned_run_ids varchar[] not null,
    pruned_epochs smallint[] not null,
    num_pies integer not null
);
comment on table stored_comparison is 'One row per pruned variant and split whose answers lie in the tables stored_...: the runs by which it is compared with the unpruned variant, those of the seeds that both have.';
comment on column stored_comparison.comparison_id is 'Number of these very runs: new runs, new number. The tables stored_... have it.';
comment on column stored_comparison.recipe_id is 'What only differs in pruner, sparsity and seed has one recipe.';
comment on column stored_comparison.dataset is 'Name of the dataset.';
comment on column stored_comparison.task is 'single_label or multi_label.';
comment on column stored_comparison.num_classes is 'Number of classes of the dataset.';
comment on column stored_comparison.architecture is 'bilstm, bert or another architecture.';
comment on column stored_comparison.pruner is 'The pruner.';
comment on column stored_comparison.sparsity is 'Target share of the prunable weights that are removed.';
comment on column stored_comparison.split is 'train, validation or test.';
comment on column stored_comparison.num_examples is 'Number of examples of the split.';
comment on column stored_comparison.num_seeds is 'Number of seeds that both sides have, over which the answer was taken.';
comment on column stored_comparison.seeds is 'The seeds that both sides have, ascending.';
comment on column stored_comparison.unpruned_run_ids is 'The unpruned runs, in the order of the seeds.';
comment on column stored_comparison.unpruned_epochs is 'The last epoch of each unpruned run.';
comment on column stored_comparison.pruned_run_ids is 'The pruned runs, in the order of the seeds.';
comment on column stored_comparison.pruned_epochs is 'The last epoch of each pruned run.';
comment on column stored_comparison.num_pies is 'Number of PIEs.';

create table stored_majority (
    comparison_id bigint not null,
    is_pie boolean not null,
    example_id integer not null,
    unpruned_class_ids smallint[] not null,
    pruned_class_ids smallint[] not null,
    unpruned_votes smallint[] not null,
    pruned_votes smallint[] not null
);
comment on table stored_majority is 'One row per stored comparison and example, PIEs first: what the view majority_pair says.';
comment on column stored_majority.comparison_id is 'The comparison.';
comment on column stored_majority.is_pie is 'Whether the two majority labels differ.';
comment on column stored_majority.example_id is 'Number of the example.';
comment on column stored_majority.unpruned_class_ids is 'Majority label of the unpruned variant.';
comment on column stored_majority.pruned_class_ids is 'Majority label of the pruned variant.';
comment on column stored_majority.unpruned_votes is 'For each class, in order, the number of unpruned seeds that predicted it.';
comment on column stored_majority.pruned_votes is 'For each class, in order, the number of pruned seeds that predicted it.';

create table stored_on_pies_of_run (
    comparison_id bigint not null,
    seed integer not null,
    side varchar not null,
    run_id varchar not null,
    value double not null
);
comment on table stored_on_pies_of_run is 'One row per stored comparison with PIEs and run of it: what the view effectiveness_on_pies_of_run says.';
comment on column stored_on_pies_of_run.comparison_id is 'The comparison.';
comment on column stored_on_pies_of_run.seed is 'Seed of the run.';
comment on column stored_on_pies_of_run.side is 'pruned or unpruned.';
comment on column stored_on_pies_of_run.run_id is 'The run.';
comment on column stored_on_pies_of_run.value is 'Accuracy or macro F1 of the run on the PIEs.';

create table stored_on_pies (
    comparison_id bigint not null,
    unpruned_on_all double not null,
    pruned_on_all double not null,
    unpruned_on_pies double,
    pruned_on_pies double,
    unpruned_on_pies_mean double,
    unpruned_on_pies_std double,
    pruned_on_pies_mean double,
    pruned_on_pies_std double
);
comment on table stored_on_pies is 'One row per stored comparison: what the view effectiveness_on_pies says.';
comment on column stored_on_pies.comparison_id is 'The comparison.';
comment on column stored_on_pies.unpruned_on_all is 'Effectiveness of the unpruned runs on all examples, mean over the seeds.';
comment on column stored_on_pies.pruned_on_all is 'Effectiveness of the pruned runs on all examples, mean over the seeds.';
comment on column stored_on_pies.unpruned_on_pies is 'Effectiveness of the unpruned side on the PIEs.';
comment on column stored_on_pies.pruned_on_pies is 'Effectiveness of the pruned side on the PIEs.';
comment on column stored_on_pies.unpruned_on_pies_mean is 'Mean over the unpruned runs of each run''s effectiveness on the PIEs.';
comment on column stored_on_pies.unpruned_on_pies_std is 'Its sample standard deviation.';
comment on column stored_on_pies.pruned_on_pies_mean is 'Mean over the pruned runs of each run''s effectiveness on the PIEs.';
comment on column stored_on_pies.pruned_on_pies_std is 'Its sample standard deviation.';

create table stored_class_distribution (
    comparison_id bigint not null,
    class_id smallint not null,
    class_name varchar not null,
    num_examples bigint not null,
    num_pies bigint not null
);
comment on table stored_class_distribution is 'One row per stored comparison and class: what the view class_distribution says.';
comment on column stored_class_distribution.comparison_id is 'The comparison.';
comment on column stored_class_distribution.class_id is 'Number of the class.';
comment on column stored_class_distribution.class_name is 'Name of the class.';
comment on column stored_class_distribution.num_examples is 'Number of examples with the gold class.';
comment on column stored_class_distribution.num_pies is 'Number of PIEs with the gold class.';

create table stored_influence (
    recipe_id varchar not null,
    dataset varchar not null,
    architecture varchar not null,
    example_id integer not null,
    num_seeds bigint not null,
    epoch smallint not null,
    influence double not null
);
comment on table stored_influence is 'One row per training example of a recipe whose influence is stored: what the view influence says.';
comment on column stored_influence.recipe_id is 'The recipe.';
comment on column stored_influence.dataset is 'Name of the dataset.';
comment on column stored_influence.architecture is 'bilstm, bert or another architecture.';
comment on column stored_influence.example_id is 'Number of the training example.';
comment on column stored_influence.num_seeds is 'Number of unpruned runs averaged.';
comment on column stored_influence.epoch is 'The epoch whose EL2N was taken.';
comment on column stored_influence.influence is 'EL2N, mean over the unpruned seeds.';

create table stored_influence_recipe (
    recipe_id varchar not null
);
comment on table stored_influence_recipe is 'One row per recipe whose influence is stored, over all its unpruned runs.';
comment on column stored_influence_recipe.recipe_id is 'The recipe.';

create table stored_influence_bin (
    comparison_id bigint not null,
    bin bigint not null,
    el2n_min double not null,
    el2n_max double not null,
    num_examples bigint not null,
    num_pies bigint not null
);
comment on table stored_influence_bin is 'One row per stored comparison on the training set and bin: what the view influence_bin says.';
comment on column stored_influence_bin.comparison_id is 'The comparison.';
comment on column stored_influence_bin.bin is 'Number of the bin, 1 to 20, by ascending influence.';
comment on column stored_influence_bin.el2n_min is 'Smallest influence in the bin.';
comment on column stored_influence_bin.el2n_max is 'Largest influence in the bin.';
comment on column stored_influence_bin.num_examples is 'Number of examples in the bin.';
comment on column stored_influence_bin.num_pies is 'Number of PIEs in the bin.';

create table stored_readability (
    comparison_id bigint not null,
    measure varchar not null,
    mean_of_examples double not null,
    mean_of_pies double
);
comment on table stored_readability is 'One row per stored comparison and measure: what the view readability_ratio says.';
comment on column stored_readability.comparison_id is 'The comparison.';
comment on column stored_readability.measure is 'Name of the measure of readability.';
comment on column stored_readability.mean_of_examples is 'Mean over all examples.';
comment on column stored_readability.mean_of_pies is 'Mean over the PIEs; null without PIEs.';
