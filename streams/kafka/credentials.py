"""How Faust logs in to Kafka."""

from faust.auth import Credentials, SASLCredentials, SSLCredentials

from schemas.kafka import Kafka


def credentials(kafka: Kafka) -> Credentials | None:
    """The `broker_credentials` of `faust.App`; None for a broker that asks for none."""
    context = kafka.ssl_context()
    if kafka.sasl:  # with a context, SASL_SSL; without one Faust would send the password in clear text
        return SASLCredentials(
            username=kafka.user, password=kafka.password.get_secret_value(), ssl_context=context,
            mechanism=kafka.sasl_mechanism,
        )  # fmt: skip
    return SSLCredentials(context) if context is not None else None
