"""All claims of a report as data: a claim is an estimate, an interval, a test and a verdict."""
