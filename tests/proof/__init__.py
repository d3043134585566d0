"""What a verdict is worth: sound and unsound scans by the hundred, and what is said of each."""
