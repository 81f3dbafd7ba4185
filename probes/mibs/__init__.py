"""One file per MIB, named as the MIB: each turns a walked table into records."""
