"""ClickHouse: numbered migrations, the views of the questions, the writer and the loader. May import `schemas`."""
