-- The epoch of the product that is read: the newest that is ready.
SELECT max(epoch) AS epoch
FROM ${database}.epochs
WHERE ready = 1 AND contract = 'product.events'
