-- A question's filter of a large table says between which values it lets through.

create macro matches_between(allowed, value) as
    -- `matches`, for large tables: files and row groups without any of the values are not read. In a table of few rows the look at
    -- what is known of its files takes longer than reading them.
    matches(allowed, value) and (allowed is null or value between list_min(allowed) and list_max(allowed));
