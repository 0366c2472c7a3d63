"""The error that local services raise."""


class DeployError(Exception):
    """A local service could not be fetched, started or reached; the message says which, why, and what to do next."""
