"""The agent that a log line is about."""

from contextvars import ContextVar

#: Name of the agent whose worker runs in this context; empty where a process has only one, or for all of them together.
AGENT: ContextVar[str] = ContextVar("agent", default="")
