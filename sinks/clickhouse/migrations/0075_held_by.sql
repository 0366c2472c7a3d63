-- What holds a commission: rows of before say nothing until the next term lands them again.
ALTER TABLE ${database}.people_commissions${local} ${on_cluster} ADD COLUMN IF NOT EXISTS held_by LowCardinality(String) AFTER state;
ALTER TABLE ${database}.people_commissions ${on_cluster} ADD COLUMN IF NOT EXISTS held_by LowCardinality(String) AFTER state;
