-- What the newest record about an account says, and how often it was linked to a user while it still belonged to another. Rows of before
-- say nothing of it until somebody takes people over, who writes all rows again.
ALTER TABLE ${database}.people_accounts${local} ${on_cluster} ADD COLUMN IF NOT EXISTS user_id String COMMENT 'empty: it belongs to nobody' AFTER gone;
ALTER TABLE ${database}.people_accounts ${on_cluster} ADD COLUMN IF NOT EXISTS user_id String COMMENT 'empty: it belongs to nobody' AFTER gone;
ALTER TABLE ${database}.people_accounts${local} ${on_cluster} ADD COLUMN IF NOT EXISTS source LowCardinality(String) AFTER user_id;
ALTER TABLE ${database}.people_accounts ${on_cluster} ADD COLUMN IF NOT EXISTS source LowCardinality(String) AFTER user_id;
ALTER TABLE ${database}.people_accounts${local} ${on_cluster} ADD COLUMN IF NOT EXISTS since_ms Int64 AFTER source;
ALTER TABLE ${database}.people_accounts ${on_cluster} ADD COLUMN IF NOT EXISTS since_ms Int64 AFTER source;
ALTER TABLE ${database}.people_accounts${local} ${on_cluster} ADD COLUMN IF NOT EXISTS quarantined UInt8 COMMENT 'the chain of links is too long, or its end has too many accounts' AFTER since_ms;
ALTER TABLE ${database}.people_accounts ${on_cluster} ADD COLUMN IF NOT EXISTS quarantined UInt8 COMMENT 'the chain of links is too long, or its end has too many accounts' AFTER since_ms;
ALTER TABLE ${database}.people_accounts${local} ${on_cluster} ADD COLUMN IF NOT EXISTS conflicts UInt32 AFTER quarantined;
ALTER TABLE ${database}.people_accounts ${on_cluster} ADD COLUMN IF NOT EXISTS conflicts UInt32 AFTER quarantined;
