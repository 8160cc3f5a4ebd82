"""What a client is told in place of an answer."""

from http import HTTPStatus


class RefusedError(Exception):
    """A request that gets no answer.

    Args:
        status: The status of HTTP.
        message: Why, in the words of the client's world.
    """

    def __init__(self, status: HTTPStatus, message: str):
        super().__init__(message)
        self.status, self.message = status, message


def bad_request(message: str) -> RefusedError:
    """A request that is not one of the protocol."""
    return RefusedError(HTTPStatus.BAD_REQUEST, message)
