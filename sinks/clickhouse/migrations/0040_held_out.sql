-- A call of a group that is held out says that nobody is called there, for comparison.
ALTER TABLE ${database}.events${local} ${on_cluster} ADD COLUMN IF NOT EXISTS holdout UInt8
    COMMENT '1: this group is not called, for comparison';
ALTER TABLE ${database}.events ${on_cluster} ADD COLUMN IF NOT EXISTS holdout UInt8;
ALTER TABLE ${database}.facts${local} ${on_cluster} ADD COLUMN IF NOT EXISTS holdout UInt8
    COMMENT '1: this group is not called, for comparison';
ALTER TABLE ${database}.facts ${on_cluster} ADD COLUMN IF NOT EXISTS holdout UInt8;
