"""`python -m bench [--quick]`: throughput, memory and latency, one after the other; what `make bench` runs."""

import sys

from bench import latency, memory, throughput


def main(arguments: list[str]) -> int:
    """Run all; exit code 1 when one failed. With --quick only throughput, on fewer events."""
    code = throughput.main(arguments)
    if "--quick" in arguments:
        return code
    return max(code, memory.main([]), latency.main([]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
