"""Records that break the contract: sent to `<topic>.dlq`, limited, read and replayed."""
