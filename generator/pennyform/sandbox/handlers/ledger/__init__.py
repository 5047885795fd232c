"""Operations on the ledger, the bank and categories."""
