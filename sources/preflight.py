"""Checks whether Kafka lets us in, before a client is created.

The libraries take a refusal for a passing fault: they try again until their time is over, and do not say why.
"""

import asyncio
import logging
import ssl
import time

from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import (
    AuthenticationMethodNotSupported,
    IllegalSaslStateError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)

from schemas.errors import BackpressureError, ServiceError
from schemas.kafka import Kafka

#: How long a command looks for a broker, in seconds.
FIND_S = 10.0
#: A broker that takes longer to answer counts as away; time between two attempts. In seconds.
_PATIENCE_S, _PAUSE_S = 5, 0.2
for _name in ("aiokafka.conn", "kafka.net.connection", "kafka.protocol.parser"):
    # at debug level these write whatever is sent, and PLAIN sends the password
    logging.getLogger(_name).addFilter(lambda record: record.levelno > logging.DEBUG)
_MECHANISM = (UnsupportedSaslMechanismError, AuthenticationMethodNotSupported, IllegalSaslStateError)


async def find(kafka: Kafka) -> None:
    """Return when a broker lets us in. Raises `ServiceError` when one refuses, or none answers for `FIND_S`."""
    deadline = time.monotonic() + FIND_S
    while True:
        try:
            return await preflight(kafka)
        except BackpressureError as error:
            if time.monotonic() >= deadline:
                raise ServiceError(f"{error} See `groupvitals doctor`.") from None
        await asyncio.sleep(_PAUSE_S)


def _without(kafka: Kafka) -> str:
    return " without kafka.cert_file" if kafka.security_protocol == "SSL" and kafka.cert_file is None else ""


async def preflight(kafka: Kafka) -> None:
    """Return when a broker lets us in now.

    Raises `BackpressureError` when none answers, `ServiceError` when one refuses what we show or is not to be trusted.
    """
    security, why = kafka.security(), ""
    for host, port, _ in collect_hosts(kafka.hosts):
        try:
            async with asyncio.timeout(_PATIENCE_S):
                connection = await create_conn(host, port, **security)
        except ssl.SSLCertVerificationError as error:
            raise ServiceError(
                f"{kafka} shows a certificate that is not trusted: {error.verify_message}. Name the CA that signed it "
                "in kafka.ca_file, and the brokers in kafka.bootstrap as their certificates do."
            ) from None
        except SaslAuthenticationFailed as error:
            raise ServiceError(
                f"{kafka} rejects {kafka.who}: {error.args[0]}. Correct kafka.user or kafka.password."
            ) from None
        except _MECHANISM:
            raise ServiceError(
                f"{kafka} does not accept {kafka.sasl_mechanism}: set another kafka.sasl_mechanism."
            ) from None
        except TimeoutError:
            why = f"no answer within {_PATIENCE_S} s."
        except (ConnectionResetError, ssl.SSLError, KafkaError):
            protocol = f"{kafka.security_protocol}{_without(kafka)}"
            why = f"the connection broke off. Is it for kafka.security_protocol {protocol}?"
        except OSError as error:  # the next broker may work
            why = f"{error}."
        else:
            connection.close()
            return
    raise BackpressureError(f"{kafka} does not answer: {why}")
