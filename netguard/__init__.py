"""netguard judges, remembers, acts: it finds who breaks the network and names the switch port."""
