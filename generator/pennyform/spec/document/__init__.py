"""OpenAPI documents: fetched, parsed strictly, corrected by overlays."""
