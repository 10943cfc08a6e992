"""A package, so that tests can share what they need: `from tests.waiting import until`."""
