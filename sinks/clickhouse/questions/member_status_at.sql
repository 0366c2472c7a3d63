-- Who is a zombie, and why? One row per membership, with the evidence for its state at the end of a day.
SELECT
    group_id, member_id, person_id, account_id, state, reason, since, previous, returned_on, score, rhythm, fading, role, linked,
    joined_at, last_spoke_at, last_active_at, last_act_here_at, last_used_at, groups_28d, reads_reported, in_product
FROM ${database}.member_states${at}
