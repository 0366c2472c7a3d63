-- A person's memberships are looked up by the person, in tables sorted by group.
ALTER TABLE ${database}.people_members${local} ${on_cluster} ADD INDEX IF NOT EXISTS by_person person_id TYPE bloom_filter(0.001) GRANULARITY 1;
ALTER TABLE ${database}.people_members${local} ${on_cluster} MATERIALIZE INDEX by_person;
ALTER TABLE ${database}.people_contacts${local} ${on_cluster} ADD INDEX IF NOT EXISTS by_person person_id TYPE bloom_filter(0.001) GRANULARITY 1;
ALTER TABLE ${database}.people_contacts${local} ${on_cluster} MATERIALIZE INDEX by_person;
