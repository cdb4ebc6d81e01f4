"""Everything that a report claims, as data: a claim is an estimate, an interval, a test and a verdict."""
