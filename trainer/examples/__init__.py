"""Examples: how other training code feeds the warehouse."""
