-- Unobservable members whose chance to come back is that of a zombie. Rows of before have 0: those of now until somebody takes people
-- over, who writes all rows again; closed days are worked out again by the rules of this version.
ALTER TABLE ${database}.people_groups${local} ${on_cluster} ADD COLUMN IF NOT EXISTS silent_zombies Int64 AFTER unobservable;
ALTER TABLE ${database}.people_groups ${on_cluster} ADD COLUMN IF NOT EXISTS silent_zombies Int64 AFTER unobservable;
ALTER TABLE ${database}.people_group_days${local} ${on_cluster} ADD COLUMN IF NOT EXISTS silent_zombies Int64 AFTER unobservable;
ALTER TABLE ${database}.people_group_days ${on_cluster} ADD COLUMN IF NOT EXISTS silent_zombies Int64 AFTER unobservable;
