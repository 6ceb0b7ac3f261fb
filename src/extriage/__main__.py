"""Let `python -m extriage` do what the `extriage` command does."""

from extriage.cli import main

if __name__ == "__main__":
    main()
