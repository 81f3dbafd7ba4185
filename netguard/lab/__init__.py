"""A practice network on this machine: real namespaces, bridges and packets, nothing left behind."""
