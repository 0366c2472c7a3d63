-- By which terms a release was made, which count for it from then on; empty: other entries, and releases of before.
ALTER TABLE ${database}.people_ledger${local} ${on_cluster} ADD COLUMN IF NOT EXISTS plan_id LowCardinality(String) AFTER credit;
ALTER TABLE ${database}.people_ledger ${on_cluster} ADD COLUMN IF NOT EXISTS plan_id LowCardinality(String) AFTER credit;
ALTER TABLE ${database}.people_ledger${local} ${on_cluster} ADD COLUMN IF NOT EXISTS share_bp Int64 AFTER plan_id;
ALTER TABLE ${database}.people_ledger ${on_cluster} ADD COLUMN IF NOT EXISTS share_bp Int64 AFTER plan_id;
ALTER TABLE ${database}.people_ledger${local} ${on_cluster} ADD COLUMN IF NOT EXISTS fixed_minor Int64 AFTER share_bp;
ALTER TABLE ${database}.people_ledger ${on_cluster} ADD COLUMN IF NOT EXISTS fixed_minor Int64 AFTER share_bp;
ALTER TABLE ${database}.people_ledger${local} ${on_cluster} ADD COLUMN IF NOT EXISTS minimum_minor Int64 AFTER fixed_minor;
ALTER TABLE ${database}.people_ledger ${on_cluster} ADD COLUMN IF NOT EXISTS minimum_minor Int64 AFTER fixed_minor;
