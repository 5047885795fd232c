"""Operations on suppliers and supplier invoices."""
