-- Dead here, alive there? One row per membership of everybody who is a member of several groups.
SELECT
    person_id, group_id, member_id, account_id, state, groups,
    arrayMap(one -> one.1, arraySort(arrayFilter(one -> one.1 != group_id, effective_in))) AS effective_elsewhere,
    arrayMap(one -> one.2, arraySort(arrayFilter(one -> one.1 != group_id, effective_in))) AS effective_elsewhere_names,
    state NOT IN ('active', 'participant', 'lurker', 'newcomer') AND notEmpty(effective_elsewhere) AS dead_here_alive_there
FROM (
    SELECT
        person_id, toString(states.group_id) AS group_id, member_id, account_id, state,
        uniqExact(states.group_id) OVER (PARTITION BY person_id) AS groups,
        groupUniqArrayIf((toString(states.group_id), names.name), state IN ('active', 'participant', 'lurker'))
            OVER (PARTITION BY person_id) AS effective_in
    FROM ${database}.member_states AS states
    LEFT JOIN ${database}.group_names AS names ON names.group_id = toString(states.group_id)
    WHERE state NOT IN ('left', 'excluded')
)
WHERE groups > 1
