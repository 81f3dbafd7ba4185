"""What netguard remembers: bindings, findings and their life."""
