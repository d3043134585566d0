"""Registries that live for years: what is declared, published, merged, retired and collected."""
