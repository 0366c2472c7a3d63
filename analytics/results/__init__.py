"""What led to results and what is owed for them: credit, referral, commissions and the ledger's arithmetic."""
