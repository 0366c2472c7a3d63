"""Where results land: ClickHouse. May import `schemas`."""
