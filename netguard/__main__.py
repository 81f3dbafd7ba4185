"""`python -m netguard` is `netguard`."""

from netguard.cli import main

if __name__ == "__main__":
    main()
