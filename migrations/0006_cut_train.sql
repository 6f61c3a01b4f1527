-- AAPD's training set is not published with the rest: a study that trains on one cut from the validation set must say so.
create table cut_train (dataset varchar not null);
comment on table cut_train is 'One row per dataset whose training set was cut from its validation set, for want of the official one.';
comment on column cut_train.dataset is 'Name of the dataset.';
