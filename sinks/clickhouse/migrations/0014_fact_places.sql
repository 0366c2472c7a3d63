-- Where the record of a fact stands; of repeats of one event, the one with the least offset counts. `version`, by which rows of
-- a key are replaced, is 2^32 - 1 - offset (0 for offsets beyond). Rows of before have versions of 2^32 and more and offset 0: they
-- stay, and count as before everything.
ALTER TABLE ${database}.facts${local} ${on_cluster}
    ADD COLUMN IF NOT EXISTS topic LowCardinality(String) AFTER version,
    ADD COLUMN IF NOT EXISTS partition UInt16 AFTER topic,
    ADD COLUMN IF NOT EXISTS offset UInt64 AFTER partition;
ALTER TABLE ${database}.facts ${on_cluster}
    ADD COLUMN IF NOT EXISTS topic LowCardinality(String) AFTER version,
    ADD COLUMN IF NOT EXISTS partition UInt16 AFTER topic,
    ADD COLUMN IF NOT EXISTS offset UInt64 AFTER partition;
ALTER TABLE ${database}.product_facts${local} ${on_cluster}
    ADD COLUMN IF NOT EXISTS topic LowCardinality(String) AFTER version,
    ADD COLUMN IF NOT EXISTS partition UInt16 AFTER topic,
    ADD COLUMN IF NOT EXISTS offset UInt64 AFTER partition;
ALTER TABLE ${database}.product_facts ${on_cluster}
    ADD COLUMN IF NOT EXISTS topic LowCardinality(String) AFTER version,
    ADD COLUMN IF NOT EXISTS partition UInt16 AFTER topic,
    ADD COLUMN IF NOT EXISTS offset UInt64 AFTER partition;
