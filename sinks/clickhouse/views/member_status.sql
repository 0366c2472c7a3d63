-- Who is a zombie, and why? One row a membership, with what speaks for its state.
SELECT
    group_id, member_id, person_id, account_id, state, reason, score,
    state IN ('active', 'participant', 'lurker') AND score < (SELECT theta FROM ${database}.score) AS fading,
    role, linked, joined_at, last_spoke_at, last_active_at, last_act_here_at, last_used_at, groups_28d, reads_reported, in_product
FROM ${database}.member_states
ORDER BY group_id, member_id
