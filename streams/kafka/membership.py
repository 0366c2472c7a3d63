"""A worker's place in the consumer group, remembered beyond its death: the next worker with the same folder frees it.

Kafka waits out the session time-out of a killed worker before it reassigns its partitions. Each worker therefore keeps
its member id in a file and holds a lock on it, which the kernel releases however the worker ends. A worker that starts
with the same data folder removes members whose lock nobody holds. Touches only its folder and the group.
"""

import fcntl
import logging
import os
import uuid
from pathlib import Path

from kafka.admin import MemberToRemove

from schemas.errors import ServiceError
from schemas.kafka import Kafka
from streams.kafka.admin import kafka_admin

log = logging.getLogger(__name__)


class Membership:
    """The member ids of a consumer group's workers that share a data folder."""

    def __init__(self, folder: Path, group: str, kafka: Kafka) -> None:
        self._folder, self._group, self._kafka = folder / f"{group}.members", group, kafka
        self._held: int | None = None

    def joined(self, member_id: str) -> None:
        """Record this worker's id for as long as its process lives."""
        if self._held is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            path = self._folder / uuid.uuid4().hex
            self._held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            fcntl.flock(self._held, fcntl.LOCK_EX)
        os.ftruncate(self._held, 0)
        os.pwrite(self._held, member_id.encode(), 0)

    def leave_for_the_dead(self) -> None:
        """Remove members that ended without leaving; if Kafka does not help, their sessions time out."""
        for path in sorted(self._folder.glob("*")):
            try:
                self._leave_for(path)
            except (OSError, ServiceError) as error:  # in use, or just removed by another starting worker
                log.debug("Could not remove the member of %s from its group: %s", path, error)

    def _leave_for(self, path: Path) -> None:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if member_id := os.read(descriptor, 4096).decode():
                with kafka_admin(self._kafka) as admin:
                    admin.remove_group_members(self._group, [MemberToRemove(member_id, reason="its process ended")])
            path.unlink(missing_ok=True)
        finally:
            os.close(descriptor)
