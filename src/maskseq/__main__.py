"""`python -m maskseq` is the command `maskseq`."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
