-- The name that an epoch's topic has in the contract: topics are known by it, whatever prefix they have on their broker. The
-- default is for rows of before, which do not say it.
ALTER TABLE ${database}.epochs${local} ${on_cluster} ADD COLUMN IF NOT EXISTS contract LowCardinality(String)
    DEFAULT arrayFirst(name -> endsWith(topic, name), ['chat.events', 'product.events', 'identity.links']);
-- the same where tables are distributed; elsewhere there is nothing left to do
ALTER TABLE ${database}.epochs ${on_cluster} ADD COLUMN IF NOT EXISTS contract LowCardinality(String)
    DEFAULT arrayFirst(name -> endsWith(topic, name), ['chat.events', 'product.events', 'identity.links']);
