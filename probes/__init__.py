"""probes observe: they send and read packets and walk MIBs, and change nothing on any device."""
