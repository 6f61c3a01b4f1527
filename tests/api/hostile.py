"""SQL that strangers may send: what must be refused, what must be ended, and what must be answered all the same."""

WRITING = """
insert into run select * from run
insert into run (run_id) values ('x')
update run set seed = 1
delete from run
truncate run
merge into run using run as r on false when not matched then insert default values
drop table run
drop view pie
drop schema main cascade
alter table run add column x integer
alter view pie rename to pies
create table x as select 1
create temp table x as select 1
create view x as select 1
create or replace view pie as select 1
create macro x() as 1
create type x as enum ('a')
create index i on run (seed)
create sequence s
create schema x
create secret s (type s3)
create function f(x) as x
comment on table run is 'x'
vacuum
analyze
checkpoint
force checkpoint
begin
commit
rollback
begin transaction read only
copy run to 'run.csv'
copy (select 1) to '/tmp/x.parquet'
copy run from 'run.csv'
copy from database warehouse to other
export database 'x'
import database 'x'
attach 'x.db'
attach ':memory:' as x
attach 'ducklake:sqlite:other.sqlite' as x
detach warehouse
use memory
install httpfs
install spatial from community
load httpfs
force install httpfs
update extensions
set threads = 8
set memory_limit = '100GB'
set global enable_external_access = true
set lock_configuration = false
set variable x = 1
reset threads
reset variable x
pragma database_list
pragma version
pragma table_info('run')
pragma memory_limit = '10GB'
pragma enable_profiling
call pragma_version()
call warehouse.set_option('x', 1)
call ducklake_cleanup_old_files('warehouse', cleanup_all => true)
call ducklake_expire_snapshots('warehouse', older_than => now())
call ducklake_merge_adjacent_files('warehouse')
prepare x as select 1
execute x
deallocate x
explain select 1
explain analyze select 1
describe (insert into run select 1)
show databases
show all tables
show tables
show variables
summarize 'file.csv'
describe 'file.csv'
with x as (insert into run values (1) returning *) select * from x
with x as (delete from run returning *) from x
select * from (delete from run returning *)
""".strip().splitlines()

SEVERAL = """
select 1; select 2
select 1; drop table run
select 1;; delete from run
;select 1; copy run to 'x'
select 1 /* ; */ ; attach 'x'
select ';' ; pragma version
begin; delete from run; commit
""".strip().splitlines()

READING = """
from '/etc/passwd'
from 'x.csv'
from 'x.parquet'
from "/etc/passwd"
select * from './catalog.sqlite'
select * from 'data/*.parquet'
select * from '**/*.parquet'
from 's3://bucket/x.parquet'
from 'https://example.org/x.csv'
from 'http://169.254.169.254/latest/meta-data'
from read_csv('/etc/passwd')
from read_csv_auto('/etc/passwd')
from read_text('/etc/passwd')
from read_blob('/proc/self/environ')
from read_parquet('data/**/*.parquet')
from parquet_scan('x')
from parquet_metadata('x')
from parquet_schema('x')
from parquet_kv_metadata('x')
from parquet_file_metadata('x')
from parquet_bloom_probe('x', 'y', 1)
from read_json('/etc/passwd')
from read_json_auto('x')
from read_ndjson('x')
from read_json_objects('x')
from read_duckdb('x.db')
from sniff_csv('/etc/passwd')
from glob('/*')
from glob('/etc/*')
from sqlite_scan('catalog.sqlite', 'ducklake_table')
from sqlite_query('x', 'select 1')
from postgres_scan('host=localhost', 'public', 'x')
from postgres_query('x', 'select 1')
select read_text('/etc/passwd')
select * from run, read_text('/etc/passwd')
select (select content from read_text('/etc/passwd'))
select 1 where exists (from read_text('/etc/passwd'))
select * from run order by (select count(*) from glob('/*'))
select * from run limit (select count(*) from glob('/*'))
select [x for x in (select list(file) from glob('/*'))]
with f as (from read_text('/etc/passwd')) select 1
with "x.csv" as (from "x.csv") select 1
with a as (with "/etc/passwd" as (select 1) from "/etc/passwd") from a, "/etc/passwd"
select * from (with "x.csv" as (select 1) select 1) as a, "x.csv"
with recursive r as (select 1 union all from read_text('/etc/passwd')) from r
from run union all by name from read_csv('x')
from (pivot 'x.csv' on a in (1) using sum(b))
from (unpivot 'x.csv' on a)
from run at (version => (select count(*) from glob('/*')))
from main.read_text('/etc/passwd')
from system.main.read_text('/etc/passwd')
from read_text(chr(47) || 'etc' || chr(47) || 'passwd')
from run tablesample (select 1) where (from read_text('/etc/passwd'))
""".strip().splitlines()

DISGUISED = [
    "select 1;\u00a0select 2", "select 1\u037e select 2", "select 1;\u2028drop table run", "select 1 -- \ndrop table run",
    "--\rdrop table run", "--\r\ndrop table run", "/* */ drop /* */ table /* */ run", "/*/* nested */*/ drop table run",
    "/*! drop table run */", "select 1 /* never closed", "select 1 */ ; drop table run", "CoPy rUn To 'x'", "\tcopy\nrun\rto 'x'",
    "copy/**/run/**/to/**/'x'", "\ufeffcopy run to 'x'", "\u200bdrop table run", "dr\u00adop table run", "\u0455elect 1; drop table run",
    "\uff44rop table run", "\u202e;nur elbat pord", "drop table run\x1a", "select 1 \x00; drop table run", "\\! ls", "!ls", ".shell ls",
    ".read x.sql", "select 1 \\g drop table run", "from /* run */ read_text /* x */ ('/etc/passwd')", "from READ_TEXT('/etc/passwd')",
    'from "read_text"(\'/etc/passwd\')', 'from "READ_text"(\'/etc/passwd\')', "\ufefffrom read_text('/etc/passwd')",
    "from \uff52ead_text('/etc/passwd')", "from $$/etc/passwd$$", "from $x$/etc/passwd$x$", "from E'\\x2fetc\\x2fpasswd'",
    "from '/etc/passwd'--'", "select 1 union/**/all/**/from read_text('/etc/passwd')", "from read_text(E'\\057etc\\057passwd')",
    "select 'a'/**/;/**/attach/**/'x'", "from '/etc/passwd\u0000.parquet'", "from\u00a0'/etc/passwd'", "from \"/etc/passwd\\\"\"",
]  # fmt: skip

LOOKING_AROUND = """
from query('select 1')
from query_table('run')
from query_table(['run', 'pie'])
from query('copy run to ''x''')
from json_execute_serialized_sql(json_serialize_sql('select 1'))
select json_serialize_sql('select 1')
select json_deserialize_sql('{}')
select json_serialize_plan('select 1')
from duckdb_settings()
from duckdb_databases()
from duckdb_secrets()
from duckdb_extensions()
from duckdb_functions()
from duckdb_logs()
from duckdb_memory()
from duckdb_temporary_files()
from duckdb_variables()
from duckdb_external_file_cache()
from duckdb_prepared_statements()
from duckdb_tables
from duckdb_databases
from sqlite_master
from sqlite_schema
from pg_catalog.pg_settings
from pg_settings
from information_schema.tables
from information_schema.schemata
from pragma_database_list
from pragma_database_size()
from pragma_version()
from pragma_platform()
from pragma_user_agent()
from pragma_storage_info('run')
from which_secret('s3://x', 's3')
from enable_logging()
from truncate_duckdb_logs()
from checkpoint()
from force_checkpoint()
from summary((from run))
from seq_scan('run')
from arrow_scan(0, 0, 0)
from pandas_scan(0)
from python_map_function()
from test_all_types()
from histogram(run, seed)
from warehouse.snapshots()
from ducklake_snapshots('warehouse')
from ducklake_list_files('warehouse', 'run')
from ducklake_table_info('warehouse')
from ducklake_cleanup_old_files('warehouse', cleanup_all => true)
from ducklake_delete_orphaned_files('warehouse', cleanup_all => true)
from ducklake_expire_snapshots('warehouse', versions => [1])
from ducklake_merge_adjacent_files('warehouse')
from ducklake_flush_inlined_data('warehouse')
from ducklake_add_data_files('warehouse', 'run', 'x.parquet')
from ducklake_set_option('warehouse', 'x', 'y')
from __ducklake_metadata_warehouse.ducklake_metadata
from __ducklake_metadata_warehouse.main.ducklake_data_file
from memory.main.x
from system.information_schema.tables
from temp.x
select current_setting('temp_directory')
select current_setting('secret_directory')
select main.current_setting('threads')
select system.main.current_setting('threads')
select "current_setting"('threads')
select CURRENT_SETTING('threads')
select 'threads'.current_setting()
select list_transform(['threads'], lambda x: current_setting(x))
select getenv('HOME')
select getvariable('x')
select version()
select nextval('s')
select currval('s')
select txid_current()
select write_log('x')
select pg_sleep(100)
select sleep_ms(100000)
select setseed(0.5)
select inet_server_addr()
select pg_conf_load_time()
select current_query()
select which_secret('x', 's3')
select stats(seed) from run
select * from run qualify current_setting('threads') = '1'
select max(current_setting('threads')) over () from run
select case when true then current_setting('threads') end
select cast(current_setting('threads') as integer)
select * from range(current_setting('threads')::int)
from run as r join pie on current_setting('threads') = '1'
select seed from run group by seed, current_setting('threads')
select sum(seed) filter (current_setting('threads') = '1') from run
values (current_setting('threads'))
with recursive duckdb_settings as (from duckdb_databases()) from duckdb_settings
with a as (from b), b as (select 1) from a
with duckdb_databases as (select * from duckdb_databases) from duckdb_databases
""".strip().splitlines()

NONSENSE = [
    "", " ", ";", "--", "-- select 1", "/* select 1", "selec 1", "select", "select 1 from", "select 'x", 'select "x',
    "select $$", "(", "select " + "(" * 100_000, "\0", "select 1\0; drop table run", "\u202eselect 1", "🦆",
    "select * from run where", "select 1 +", "select x", "from nowhere", "select seed + 'x' from run",
    "select cast('x' as integer)", "select $missing", "select ?", "select 1 / 0 from run group by seed having x",
    "select " + "+".join(["1"] * 50_000), "select error('of my own')",
]  # fmt: skip

REFUSED = {
    "writing": WRITING, "several statements": SEVERAL, "comments and unicode": DISGUISED, "files and addresses": READING,
    "catalog, maintenance, settings and host": LOOKING_AROUND, "nonsense": NONSENSE,
}  # fmt: skip

FLOODS = [
    "from range(1000000000)",
    "select a.range, b.range from range(100000) as a, range(10000) as b",
    "select r.range, repeat('x', 100) as x from range(1000000000) as r",
    "from run as a, range(1000000000) as b",
    "select r.range from range(1000000000) as r union all select r.range from range(1000000000) as r",
    "select unnest(range(1000)) from range(1000000)",
]

BOMBS = [
    # time
    "select count(*) from range(100000000) as a, range(100000000) as b where a.range * b.range % 7 = 3",
    "with recursive t as (select 1::bigint as n union all select (n + 1) % 1000 from t) select count(*) from t",
    "select count(*) from range(1000000000) where regexp_matches(repeat('a', 1000) || range, '(a|aa)+$')",
    # memory
    "from prediction as a, prediction as b, prediction as c, prediction as d, prediction as e, prediction as f",
    "select repeat('x', 4000000000)",
    "select list(r.range) from range(3000000000) as r",
    "select len(string_agg(repeat('x', 100000), '')) from range(1000000)",
    "select list_transform(range(1000000000), lambda x: x::varchar)",
    "select lpad('x', 2000000000, 'y') || lpad('x', 2000000000, 'z')",
    "select * from range(50000000) as a order by hash(a.range), repeat('x', 1000)",
    "select map_from_entries(list((r.range, repeat('x', 1000)))) from range(100000000) as r",
]

ANSWERED = """
select 1
SELECT 1;
select 1 -- a comment; drop table run
/* copy */ select 'copy run to ''x''' as text
from run
from warehouse.run
from main.run
from warehouse.main.pie_rate
table run
values (1, 'a'), (2, 'b')
select count(*), avg(seed) from run group by all order by 1
select pruner, count(*) filter (where seed = 0) from run group by rollup (pruner)
with a as (select * from run), b as (from a) select count(*) from b
with recursive t(n) as (select 1 union all select n + 1 from t where n < 5) select * from t
with run as (select 1 as x) select x from run
select * from (select 1) as t(x), lateral (select t.x + 1)
select r.run_id, p.num_pies from run as r left join pie_rate as p using (recipe_id)
select row_number() over (partition by pruner order by seed) from run qualify true
select * exclude (config) replace (seed + 1 as seed) from run
select columns('^num_') from run
select list_transform([1, 2, 3], lambda x: x * 2), [x for x in [1, 2] if x > 1], {'a': 1}, map {'a': 1}
select json_extract(config, '$.seed') from run
select try_cast('x' as integer), '1'::bigint, date '2026-01-01' + interval 3 day
select * from run order by sparsity desc nulls last limit 2 offset 1
select distinct on (pruner) * from run
from run union all by name from run
from run semi join (select 0 as seed) using (seed)
from run pivot (count(*) for pruner in ('none', 'IMP-FT') group by dataset)
from (select 1 as a, 2 as b) unpivot (value for name in (a, b))
describe run
summarize run
select unnest(class_ids) from example
select * from range(3), generate_series(1, 2)
select f1(1, 2, 3), matches([1], 1)
select sum(seed)::varchar, stddev(seed), quantile_cont(seed, 0.5), string_agg(pruner, ',' order by seed) from run
select * from run at (version => 3)
select case seed when 0 then 'a' else 'b' end, seed between 0 and 1, seed in (0, 1), pruner like 'I%' from run
select exists (from run), (select max(seed) from run), 1 = any(select seed from run)
select 'ü🦆' as "naïve"
""".strip().splitlines()
