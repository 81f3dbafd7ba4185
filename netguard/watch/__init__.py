"""The daemon: hears the network, looks at it on schedule, tells people once, acts on policy."""
