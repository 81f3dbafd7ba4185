"""One port in trouble: find out all about it, change it through the one function, see it end."""
