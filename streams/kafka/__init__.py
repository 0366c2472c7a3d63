"""Kafka: transport, record batches, administration, topics, the consumer group."""
