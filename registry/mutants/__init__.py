"""What a test suite would notice: it is run on fixtures in which mistakes are planted."""
