"""The neutral field: what can be said of any arrays, whatever they are measurements of."""
