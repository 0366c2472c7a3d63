"""`python -m bench [--quick]`: everything that `make bench` runs; recovery, replay and soak have their own commands."""

import sys

from bench import bookkeeping, latency, members, memory, product, status, throughput, zombies


def main(arguments: list[str]) -> int:
    """Run all; exit code 1 when one failed. With --quick only throughput, on fewer events."""
    code = throughput.main(arguments)
    if "--quick" in arguments:
        return code
    others = (product.main, bookkeeping.main, memory.main, latency.main, status.main, members.main, zombies.main)
    return max(code, *(run([]) for run in others))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
