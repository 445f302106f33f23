"""The estimators that come with the library; importing this package enters them all into the registry."""
