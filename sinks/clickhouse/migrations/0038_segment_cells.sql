-- Moves between segments compare everybody on two days, by two numbers: `person`, and `cell`. That is 0 for nobody known, else made of
-- places in lists (1: none): the life cycle's in bits 0 to 2, the stage's in bits 3 to 5, 2 + win_back in bits 6 and 7, and from bit 8 on
-- the three scores as they are read, such as 545.
ALTER TABLE ${database}.people_segments${local} ${on_cluster} ADD COLUMN IF NOT EXISTS person UInt64 DEFAULT cityHash64(person_id);
ALTER TABLE ${database}.people_segments${local} ${on_cluster} ADD COLUMN IF NOT EXISTS cell UInt32 DEFAULT toUInt32(indexOf(['', 'new', 'engaged', 'fading', 'dormant', 'lost'], lifecycle) + 8 * indexOf(['', 'acquisition', 'activation', 'retention', 'revenue', 'referral'], stage) + 64 * (2 + win_back) + 256 * (100 * recency + 10 * frequency + monetary));
ALTER TABLE ${database}.people_segments ${on_cluster} ADD COLUMN IF NOT EXISTS person UInt64 DEFAULT cityHash64(person_id);
ALTER TABLE ${database}.people_segments ${on_cluster} ADD COLUMN IF NOT EXISTS cell UInt32 DEFAULT toUInt32(indexOf(['', 'new', 'engaged', 'fading', 'dormant', 'lost'], lifecycle) + 8 * indexOf(['', 'acquisition', 'activation', 'retention', 'revenue', 'referral'], stage) + 64 * (2 + win_back) + 256 * (100 * recency + 10 * frequency + monetary));
ALTER TABLE ${database}.people_segments${local} ${on_cluster} MATERIALIZE COLUMN person;
ALTER TABLE ${database}.people_segments${local} ${on_cluster} MATERIALIZE COLUMN cell;
ALTER TABLE ${database}.people_segment_days${local} ${on_cluster} ADD COLUMN IF NOT EXISTS person UInt64 DEFAULT cityHash64(person_id);
ALTER TABLE ${database}.people_segment_days${local} ${on_cluster} ADD COLUMN IF NOT EXISTS cell UInt32 DEFAULT toUInt32(indexOf(['', 'new', 'engaged', 'fading', 'dormant', 'lost'], lifecycle) + 8 * indexOf(['', 'acquisition', 'activation', 'retention', 'revenue', 'referral'], stage) + 64 * (2 + win_back) + 256 * (100 * recency + 10 * frequency + monetary));
ALTER TABLE ${database}.people_segment_days ${on_cluster} ADD COLUMN IF NOT EXISTS person UInt64 DEFAULT cityHash64(person_id);
ALTER TABLE ${database}.people_segment_days ${on_cluster} ADD COLUMN IF NOT EXISTS cell UInt32 DEFAULT toUInt32(indexOf(['', 'new', 'engaged', 'fading', 'dormant', 'lost'], lifecycle) + 8 * indexOf(['', 'acquisition', 'activation', 'retention', 'revenue', 'referral'], stage) + 64 * (2 + win_back) + 256 * (100 * recency + 10 * frequency + monetary));
ALTER TABLE ${database}.people_segment_days${local} ${on_cluster} MATERIALIZE COLUMN person;
ALTER TABLE ${database}.people_segment_days${local} ${on_cluster} MATERIALIZE COLUMN cell;
