"""Private servers on one machine: RabbitMQ, PostgreSQL and radosgw for tests and for a local farm.

Every instance has its own folder below ``.run/``, its own free loopback ports and its own credentials, and
lives no longer than the process that started it. Needs no root and no pytest.
"""
