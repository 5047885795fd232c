"""A checked definition as the desired state: API field names, natural keys for ids, options."""
