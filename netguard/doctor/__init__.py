"""Can this machine do its job? Everything a sweep needs is tried, without changing anything."""
