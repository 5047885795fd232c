"""Operations on customers, products, quotes, invoices and subscriptions."""
