"""Several of our modules together with real servers, which the tests start by themselves."""
