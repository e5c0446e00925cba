"""What can go wrong between us and a receiver."""


class NoAnswerError(Exception):
    """The connection failed, or what came was not the protocol; the message says which."""
