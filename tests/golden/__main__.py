"""Hashes of all answers, and what of them differs from the committed file.

python -m tests.golden           prints what differs; fails if anything does
python -m tests.golden write     writes the file anew: say in CHANGELOG why bits change
"""

import sys

from tests.golden.hashes import differences, hashes, read, write

if __name__ == "__main__":
    if sys.argv[1:] == ["write"]:
        write(hashes())
        sys.exit()
    found = differences(read(), hashes())
    print("\n".join(found) or "the same bits")
    sys.exit(bool(found))
