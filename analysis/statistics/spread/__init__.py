"""Whether two methods' standard deviations differ: ratios, tests and the power of the tests."""
