-- Whose an account is, and what its member is called, are looked up by the account.
ALTER TABLE ${database}.people_accounts${local} ${on_cluster} ADD INDEX IF NOT EXISTS by_account account_id TYPE bloom_filter(0.001) GRANULARITY 1;
ALTER TABLE ${database}.people_accounts${local} ${on_cluster} MATERIALIZE INDEX by_account;
ALTER TABLE ${database}.names${local} ${on_cluster} ADD INDEX IF NOT EXISTS by_member member_id TYPE bloom_filter(0.001) GRANULARITY 1;
ALTER TABLE ${database}.names${local} ${on_cluster} MATERIALIZE INDEX by_member;
