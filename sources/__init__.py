"""Where events come from: chat exports, connectors, the simulator. May import `schemas`."""
