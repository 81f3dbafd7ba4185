"""Past the server: which of its addresses are on it, and which does it route onward. All pure.

`own_way` finds how far the server is, `address` decides about one address and says what to ask
next, `inquiry` holds the two together for one server seen from one place; `combining` joins what
several places saw, `kinds` says what sort of server it is.
"""
