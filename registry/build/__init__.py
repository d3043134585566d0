"""What DVC's stages run: code identity, sources, fixtures."""
