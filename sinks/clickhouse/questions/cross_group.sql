-- Dead here, alive there? One row per membership of everybody who is a member of several groups, as the people agent landed it.
WITH
    (SELECT groupArray((toString(group_id), name)) FROM ${database}.group_names) AS names,
    arrayPushBack(arrayMap(one -> one.1, names), '') AS ids,
    arrayPushBack(arrayMap(one -> one.2, names), '') AS called
SELECT
    person_id, toString(across.group_id) AS group_id, member_id,
    concat(splitByChar(':', group_id)[1], ':', splitByChar(':', group_id)[2], ':', member_id) AS account_id,
    toString(across.state) AS state, toUInt64(across.groups) AS groups, dead_here_alive_there,
    arraySort(across.effective_elsewhere) AS effective_elsewhere,
    arrayMap(one -> transform(one, ids, called, ''), effective_elsewhere) AS effective_elsewhere_names
FROM ${database}.people_across_now AS across
