"""What a change to a rule set means: for whom, in words, for what protects callers, for its version."""
