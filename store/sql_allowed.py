"""What a stranger's SQL may say: one SELECT over the warehouse's tables and views, by functions that only compute.

The judgement is passed on the tree that DuckDB's own parser makes of the text (`json_serialize_sql`), never on the
text: what is not listed here is refused, new node types and functions of a later DuckDB included.
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from store.errors import Refused
from store.warehouse import Warehouse

CATALOG = "warehouse"

FUNCTIONS = frozenset(
    """
    !__postfix !~~ !~~* % & && * ** + - ->> / // <-> << <=> <@ >> @ @> ^ ^@ | || ~ ~~ ~~* ~~~
    abs acos acosh add age aggregate ago any_value apply approx_count_distinct approx_quantile approx_top_k arbitrary
    arg_max arg_max_null arg_max_nulls_last arg_min arg_min_null arg_min_nulls_last argmax argmin array_agg array_aggr
    array_aggregate array_append array_apply array_cat array_concat array_contains array_cosine_distance
    array_cosine_similarity array_cross_product array_distance array_distinct array_dot_product array_extract
    array_filter array_grade_up array_has array_has_all array_has_any array_indexof array_inner_product
    array_intersect array_length array_negative_dot_product array_negative_inner_product array_pop_back
    array_pop_front array_position array_prepend array_push_back array_push_front array_reduce array_resize
    array_reverse array_reverse_sort array_select array_slice array_sort array_to_json array_to_string
    array_to_string_comma_default array_transform array_unique array_value array_where array_zip ascii asin asinh
    atan atan2 atanh avg bar base64 bin bit_and bit_count bit_length bit_or bit_position bit_xor bitstring
    bitstring_agg bool_and bool_or cardinality cbrt ceil ceiling century char_length character_length chr coalesce
    concat concat_ws constant_or_null contains corr cos cosh cot count count_if count_star countif covar_pop
    covar_samp cume_dist current_date current_localtime current_localtimestamp damerau_levenshtein date_add date_diff
    date_part date_sub date_trunc datediff datepart datesub datetrunc day dayname dayofmonth dayofweek dayofyear
    days_in_month decade decode degrees dense_rank divide editdist3 element_at encode ends_with entropy epoch epoch_ms
    epoch_ns epoch_us equi_width_bins era error even exp factorial favg fdiv filter first first_value flatten floor
    fmod format format_bytes formatReadableDecimalSize formatReadableSize from_base64 from_binary from_hex from_json
    from_json_strict fsum gamma gcd gen_random_uuid generate_series geomean geometric_mean get_bit get_current_time
    get_current_timestamp grade_up greatest greatest_common_divisor group_concat grouping grouping_id hamming hash hex
    histogram histogram_exact hour if ifnull ilike_escape instr is_histogram_other_bin isfinite isinf isnan isodow
    isoyear jaccard jaro_similarity jaro_winkler_similarity json json_array json_array_length json_contains
    json_exists json_extract json_extract_path json_extract_path_text json_extract_string json_group_array
    json_group_object json_group_structure json_keys json_merge_patch json_object json_pretty json_quote
    json_structure json_transform json_transform_strict json_type json_valid json_value julian kahan_sum kurtosis
    kurtosis_pop lag last last_day last_value lcase lcm lead least least_common_multiple left left_grapheme len length
    length_grapheme levenshtein lgamma like_escape list list_aggr list_aggregate list_any_value list_append
    list_apply list_approx_count_distinct list_avg list_bit_and list_bit_or list_bit_xor list_bool_and list_bool_or
    list_cat list_concat list_contains list_cosine_distance list_cosine_similarity list_count list_distance
    list_distinct list_dot_product list_element list_entropy list_extract list_filter list_first list_grade_up
    list_has list_has_all list_has_any list_histogram list_indexof list_inner_product list_intersect list_kurtosis
    list_kurtosis_pop list_last list_mad list_max list_median list_min list_mode list_negative_dot_product
    list_negative_inner_product list_pack list_position list_prepend list_product list_reduce list_resize list_reverse
    list_reverse_sort list_select list_sem list_skewness list_slice list_sort list_stddev_pop list_stddev_samp
    list_string_agg list_sum list_transform list_unique list_value list_var_pop list_var_samp list_where list_zip
    listagg ln log log10 log2 lower lpad ltrim mad make_date make_time make_timestamp make_timestamp_ms
    make_timestamp_ns make_timestamptz map map_concat map_contains map_contains_entry map_contains_value map_entries
    map_extract map_extract_value map_from_entries map_keys map_values max max_by md5 md5_number mean median
    microsecond millennium millisecond min min_by minute mismatches mod mode month monthname multiply nanosecond
    nextafter nfc_normalize normalized_interval not_ilike_escape not_like_escape now nth_value ntile nullif
    octet_length ord parse_filename parse_formatted_bytes percent_rank pi position pow power prefix printf product
    quantile quantile_cont quantile_disc quarter radians random range rank rank_dense reduce regexp_escape
    regexp_extract regexp_extract_all regexp_full_match regexp_matches regexp_replace regexp_split_to_array
    regexp_split_to_table regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy
    repeat replace reservoir_quantile reverse right right_grapheme round round_even roundbankers row row_number
    row_to_json rpad rtrim second sem set_bit sha1 sha256 sign signbit sin sinh skewness split split_part sqrt
    starts_with stddev stddev_pop stddev_samp str_split str_split_regex strftime string_agg string_split
    string_split_regex string_to_array strip_accents strlen strpos strptime struct_concat struct_contains
    struct_extract struct_extract_at struct_has struct_indexof struct_insert struct_keys struct_pack struct_position
    struct_update struct_values substr substring substring_grapheme subtract suffix sum sum_no_overflow sumkahan tan
    tanh time_bucket timezone timezone_hour timezone_minute to_base to_base64 to_binary to_centuries to_days
    to_decades to_hex to_hours to_json to_microseconds to_millennia to_milliseconds to_minutes to_months to_quarters
    to_seconds to_timestamp to_weeks to_years today transaction_timestamp translate trim trunc try_strptime typeof
    ucase unbin unhex unicode union_extract union_tag union_value unnest unpivot_list upper url_decode url_encode uuid
    uuidv4 uuidv7 var_pop var_samp variance wavg week weekday weekofyear weighted_avg xor year yearweek
    """.split()  # noqa: SIM905
)
"""Scalar and aggregate functions and operators that compute from their arguments alone (or from the clock and chance)."""

TABLE_FUNCTIONS = frozenset({"range", "generate_series", "unnest", "repeat", "json_each", "json_tree"})

_EXPRESSIONS = frozenset(
    """BETWEEN CASE CAST COLLATE COLUMN_REF COMPARISON CONJUNCTION CONSTANT DEFAULT FUNCTION LAMBDA LAMBDA_REF OPERATOR
    PARAMETER POSITIONAL_REFERENCE STAR SUBQUERY TYPE WINDOW""".split()  # noqa: SIM905
)
_NODES = frozenset(
    """SELECT_NODE SET_OPERATION_NODE RECURSIVE_CTE_NODE CTE_NODE
    BASE_TABLE SUBQUERY JOIN TABLE_FUNCTION EXPRESSION_LIST EMPTY PIVOT SHOW_REF
    ORDER_MODIFIER LIMIT_MODIFIER LIMIT_PERCENT_MODIFIER DISTINCT_MODIFIER
    ASCENDING DESCENDING ORDER_DEFAULT""".split()  # noqa: SIM905
)


class Judge:
    """Says what strangers may ask of a warehouse."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        # Looking up all names takes longer than most queries: they are those of a snapshot.
        self._scope: tuple[int, _Scope] | None = None

    def require_allowed(self, sql: str) -> None:
        """Raise Refused, with DuckDB's message and position or the name of what is not allowed, unless `sql` is."""
        if "\0" in sql:
            # The parser would stop reading there.
            raise Refused("The query holds a null character; take it out.")
        options = "skip_default := true, skip_null := true, skip_empty := true"
        found = self._warehouse.rows(f"select json_serialize_sql($sql::varchar, {options}) as tree", {"sql": sql})
        try:
            statements = _statements(json.loads(found[0]["tree"]))
            self._scope_of_snapshot().visit(statements[0])
        except RecursionError as error:
            raise Refused("The query is nested too deeply; take it apart with `with`.") from error

    def _scope_of_snapshot(self) -> "_Scope":
        with self._warehouse.reading() as snapshot:
            if self._scope is None or self._scope[0] != snapshot:
                self._scope = (snapshot, _Scope.of(self._warehouse))
            return self._scope[1]


def _statements(tree: dict[str, Any]) -> list[Any]:
    if tree["error"] and tree.get("error_type") != "not implemented":
        position = f" (at character {int(tree['position']) + 1})" if tree.get("position", "").isdigit() else ""
        raise Refused(f"The query is not understood: {tree['error_message']}{position}.")
    if tree["error"]:
        raise Refused("Only a single SELECT may be asked here, not another statement.")
    statements: list[Any] = tree.get("statements", [])
    if len(statements) != 1:
        raise Refused(f"Ask one SELECT at a time, not {len(statements)} statements.")
    return statements


@dataclass(frozen=True)
class _Scope:
    """The names that may be used at a place of the tree."""

    relations: frozenset[str]
    macros: frozenset[str]
    ctes: frozenset[str] = frozenset()

    @classmethod
    def of(cls, warehouse: Warehouse) -> "_Scope":
        relations = warehouse.rows(
            "select t.table_name as name from duckdb_tables() as t where t.database_name = $catalog "
            "union all select v.view_name as name from duckdb_views() as v where v.database_name = $catalog",
            {"catalog": CATALOG},
        )
        macros = warehouse.rows(
            "select f.function_name as name from duckdb_functions() as f "
            "where f.database_name = $catalog and f.function_type = 'macro' and not f.internal",
            {"catalog": CATALOG},
        )
        return cls(_names(relations), _names(macros))

    def with_ctes(self, names: Iterable[str]) -> "_Scope":
        return _Scope(self.relations, self.macros, self.ctes | {name.lower() for name in names})

    def visit(self, value: Any) -> None:
        if isinstance(value, list):
            for item in value:
                self.visit(item)
        elif isinstance(value, dict):
            self._visit_node(value)

    def _visit_node(self, node: dict[str, Any]) -> None:
        scope = self._beside_ctes(node)
        kind, expression = node.get("type"), node.get("class")
        if expression is not None:
            _require(expression in _EXPRESSIONS, f"the expression {expression}")
            if expression in ("FUNCTION", "WINDOW"):
                scope._check_function(node)
        elif isinstance(kind, str) and not _is_value(node):
            _require(kind in _NODES, kind)
            if kind == "BASE_TABLE":
                scope._check_table(node)
            elif kind == "TABLE_FUNCTION":
                return scope._visit_table_function(node)
            elif kind == "SHOW_REF":
                _require("query" in node, "SHOW of anything but a table")
        for name, child in node.items():
            if name != "cte_map":
                scope.visit(child)
        return None

    def _beside_ctes(self, node: dict[str, Any]) -> "_Scope":
        """The scope of a node beside its `with`: each of its queries knows those before it, a recursive one itself."""
        scope = self
        for entry in (node.get("cte_map") or {}).get("map", ()):
            name, query = entry["key"], entry["value"]
            recursive = query.get("query", {}).get("node", {}).get("type") == "RECURSIVE_CTE_NODE"
            (scope.with_ctes([name]) if recursive else scope).visit(query)
            scope = scope.with_ctes([name])
        return scope

    def _visit_table_function(self, node: dict[str, Any]) -> None:
        function = node["function"]
        name = function["function_name"].lower()
        _require(name in TABLE_FUNCTIONS and _is_plain(function), f"the table function '{name}'")
        for key, child in (node | function).items():
            if key != "function":
                self.visit(child)

    def _check_function(self, node: dict[str, Any]) -> None:
        name = node["function_name"]
        known = name in FUNCTIONS or name.lower() in FUNCTIONS or name.lower() in self.macros
        _require(known and _is_plain(node), f"the function '{name}'")

    def _check_table(self, node: dict[str, Any]) -> None:
        name, schema, catalog = node.get("table_name", ""), node.get("schema_name", ""), node.get("catalog_name", "")
        is_cte = not catalog and schema in ("", "recurring") and name.lower() in self.ctes
        place = (catalog.lower(), schema.lower())
        is_own = place in {("", ""), ("", "main"), ("", CATALOG), (CATALOG, "main")} and name.lower() in self.relations
        if not (is_cte or is_own):
            shown = ".".join(part for part in (catalog, schema, name) if part)
            raise Refused(f"No table or view '{shown}' in the warehouse; GET /v1/schema lists them.")


def _require(allowed: bool, what: str) -> None:
    if not allowed:
        raise Refused(f"A query may not use {what} here; GET /v1/schema says what there is to ask.")


def _is_plain(function: dict[str, Any]) -> bool:
    return function.get("schema", "").lower() in ("", "main") and function.get("catalog", "").lower() in ("", CATALOG)


def _is_value(node: dict[str, Any]) -> bool:
    """Whether a dictionary describes a type, or a pivot's or window's details, rather than a node of the tree."""
    return isinstance(node.get("type"), str) and node["type"].endswith("_TYPE_INFO")


def _names(rows: Collection[dict[str, Any]]) -> frozenset[str]:
    return frozenset(row["name"].lower() for row in rows)
