"""`python -m bench [--quick]`: throughput, product, the price of exactness, memory, latency; what `make bench` runs."""

import sys

from bench import bookkeeping, latency, memory, product, throughput


def main(arguments: list[str]) -> int:
    """Run all; exit code 1 when one failed. With --quick only throughput, on fewer events."""
    code = throughput.main(arguments)
    if "--quick" in arguments:
        return code
    return max(code, product.main([]), bookkeeping.main([]), memory.main([]), latency.main([]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
