"""What a fixture is: canonical bytes, the record of them, and the pins that name both."""
