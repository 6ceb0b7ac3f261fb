"""Records to findings: the literal prefilter and the rule languages behind it."""
