"""`python -m bench`: the whole bench, which is what `make bench` runs."""

import sys

from bench import throughput

if __name__ == "__main__":
    sys.exit(throughput.main())
