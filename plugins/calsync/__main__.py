"""`python -m calsync ...`."""

from calsync.cli.app import main

if __name__ == "__main__":
    main()
