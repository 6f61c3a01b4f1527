-- How much do the pruned models disagree with the unpruned ones? One row per pruned variant and split: flips, churn, label and probability loyalty (mean and deviation over the seeds), modal and taxicab CIEs.
with chosen as (
    select c.recipe_id, c.dataset, c.architecture, c.pruner, c.sparsity, c.split, c.num_seeds, c.num_examples, r.study
    from comparison as c
    join recipe as r on r.recipe_id = c.recipe_id
    where
        matches($dataset, c.dataset) and matches($split, c.split) and matches($architecture, c.architecture)
        and matches($pruner, c.pruner) and matches($sparsity, c.sparsity) and ($study is null or list_has_any(r.studies, $study))
),
flips as (
    -- In the order of the seeds, or compensated (favg): of what is summed in any order, the last digit is another each time.
    select
        f.recipe_id, f.pruner, f.sparsity, f.split, avg((f.num_to_incorrect + f.num_to_correct) / f.num_examples order by f.seed) as flips_mean,
        stddev_samp((f.num_to_incorrect + f.num_to_correct) / f.num_examples order by f.seed) as flips_std,
        avg(f.num_to_incorrect / f.num_examples order by f.seed) as to_incorrect_mean, avg(f.num_to_correct / f.num_examples order by f.seed) as to_correct_mean,
        avg(f.num_changed / f.num_examples order by f.seed) as churn_mean, stddev_samp(f.num_changed / f.num_examples order by f.seed) as churn_std
    from flip as f
    where
        matches($dataset, f.dataset) and matches($split, f.split) and matches($architecture, f.architecture)
        and matches($pruner, f.pruner) and matches($sparsity, f.sparsity)
    group by f.recipe_id, f.pruner, f.sparsity, f.split
),
loyalty as (
    select
        p.recipe_id, p.pruner, p.sparsity, p.split, avg(p.probability_loyalty order by p.seed) as probability_loyalty_mean,
        stddev_samp(p.probability_loyalty order by p.seed) as probability_loyalty_std
    from probability_loyalty as p
    where
        matches($dataset, p.dataset) and matches($split, p.split) and matches($architecture, p.architecture)
        and matches($pruner, p.pruner) and matches($sparsity, p.sparsity)
    group by p.recipe_id, p.pruner, p.sparsity, p.split
),
exemplars as (
    select
        e.recipe_id, e.pruner, e.sparsity, e.split, count(*) filter (e.is_modal_cie) as num_modal_cies,
        count(*) filter (e.taxicab_distance > 0) as num_taxicab_cies, favg(e.taxicab_distance) as taxicab_mean
    from cie as e
    where
        matches($dataset, e.dataset) and matches($split, e.split) and matches($architecture, e.architecture)
        and matches($pruner, e.pruner) and matches($sparsity, e.sparsity)
    group by e.recipe_id, e.pruner, e.sparsity, e.split
)
select
    c.dataset, c.split, c.architecture, c.pruner, c.sparsity, c.num_seeds, c.num_examples, f.flips_mean, f.flips_std, f.to_incorrect_mean,
    f.to_correct_mean, f.churn_mean, f.churn_std, 1 - f.churn_mean as label_loyalty_mean, f.churn_std as label_loyalty_std,
    l.probability_loyalty_mean, l.probability_loyalty_std, e.num_modal_cies, e.num_modal_cies / c.num_examples as modal_cie_rate,
    e.num_taxicab_cies, e.taxicab_mean, c.study, c.recipe_id
from chosen as c
join flips as f on f.recipe_id = c.recipe_id and f.pruner = c.pruner and f.sparsity = c.sparsity and f.split = c.split
join exemplars as e on e.recipe_id = c.recipe_id and e.pruner = c.pruner and e.sparsity = c.sparsity and e.split = c.split
left join loyalty as l on l.recipe_id = c.recipe_id and l.pruner = c.pruner and l.sparsity = c.sparsity and l.split = c.split
order by c.dataset, c.architecture, c.recipe_id, c.split, c.pruner, c.sparsity
limit $limit
