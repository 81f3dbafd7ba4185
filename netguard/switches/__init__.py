"""The only code that changes a device. `change` is the one way in, and the guards stand in it."""
