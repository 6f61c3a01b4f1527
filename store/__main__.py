"""`python -m store` is `pie`."""

from store.main import main

main()
