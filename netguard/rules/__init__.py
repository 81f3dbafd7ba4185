"""One rule per file: a plain function from what was seen to findings."""
