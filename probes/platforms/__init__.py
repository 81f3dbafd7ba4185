"""One file per kind of device: where it keeps its tables. `platform` says which kind it is."""
