"""Print `kafka_jars.txt` for a Kafka version: `python -m deploy.kafka_jars VERSION > deploy/kafka_jars.txt`.

Resolves the class path from Maven Central once, so that fetching needs no resolution and every jar has a digest.
"""

import hashlib
import sys
import tempfile
from dataclasses import replace
from pathlib import Path


def main(version: str) -> None:
    """Print a coordinate, a SHA-256 and a size in bytes for every jar of the broker."""
    from jgo.maven import MavenContext
    from jgo.parse import Coordinate

    with tempfile.TemporaryDirectory() as folder:
        context = MavenContext(repo_cache=Path(folder))
        #: Kafka logs to SLF4J 1.7 and its broker artifact brings no backend.
        wanted = [f"org.apache.kafka:kafka_2.13:{version}", "org.slf4j:slf4j-simple:1.7.36"]
        named = [context.create_dependency(replace(Coordinate.parse(name), scope="compile")) for name in wanted]
        inputs, others = context.resolver.resolve(named)
        artifacts = [found.artifact for found in [*inputs, *(o for o in others if o.scope in ("compile", "runtime"))]]
        print(f"# The broker's class path: Apache Kafka {version}. Made by `python -m deploy.kafka_jars {version}`.")
        for artifact in sorted(artifacts, key=lambda found: (found.groupId, found.artifactId)):
            content = artifact.resolve().read_bytes()
            digest = hashlib.sha256(content).hexdigest()
            print(f"{artifact.groupId}:{artifact.artifactId}:{artifact.version}", digest, len(content))


if __name__ == "__main__":
    main(*sys.argv[1:])
