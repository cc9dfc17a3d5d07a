"""`python -m iopscreen`."""

from iopscreen.cli import main

if __name__ == "__main__":
    main()
