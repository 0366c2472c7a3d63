-- What the score weighs differently for members who have been silent for a horizon. Fits of before, which do not have it, looked
-- at other features: they are no longer used.
ALTER TABLE ${database}.scores${local} ${on_cluster} ADD COLUMN IF NOT EXISTS silent Array(Float64)
    COMMENT 'intercept and slopes for members who have been silent for the horizon' AFTER weights;
ALTER TABLE ${database}.scores ${on_cluster} ADD COLUMN IF NOT EXISTS silent Array(Float64) AFTER weights;
ALTER TABLE ${database}.scores${local} ${on_cluster} COMMENT COLUMN theta 'silent members with a lower chance are zombies'
