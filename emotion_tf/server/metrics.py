"""What a server tells Prometheus."""

from collections.abc import Callable
from typing import Any


class Metrics:
    """The counters of one server.

    Args:
        under_way: How many utterances are under way.
        limit: How many may be.

    Attributes:
        content_type: That of `page`.
    """

    def __init__(self, under_way: Callable[[], float], limit: int):
        import prometheus_client as prometheus

        self._registry = prometheus.CollectorRegistry()
        given: dict[str, Any] = {"registry": self._registry}
        prometheus.ProcessCollector(**given)
        self._requests = prometheus.Counter(
            "emotion_tf_requests_total", "Requests to :predict by the status of their answers.", ["status"], **given
        )
        self._seconds = prometheus.Histogram(
            "emotion_tf_request_seconds", "Time from the first byte of a request to its answer.", **given
        )
        self._utterances = prometheus.Counter(
            "emotion_tf_utterances_total",
            "Utterances by their outcome: answered, or refused as bad.",
            ["outcome"],
            **given,
        )
        self._batches = prometheus.Histogram(
            "emotion_tf_batch_size",
            "Utterances that were computed together.",
            buckets=(1, 2, 4, 8, 16, 32, 64),
            **given,
        )
        prometheus.Gauge("emotion_tf_queue_length", "Utterances under way.", **given).set_function(under_way)
        prometheus.Gauge("emotion_tf_queue_limit", "Utterances that may be under way.", **given).set(limit)
        self.content_type: str = prometheus.CONTENT_TYPE_LATEST
        self._generate = prometheus.generate_latest

    def request(self, status: int, seconds: float) -> None:
        """Counts an answered request."""
        self._requests.labels(str(status)).inc()
        self._seconds.observe(seconds)

    def batch(self, size: int) -> None:
        """Counts a batch."""
        self._batches.observe(size)

    def utterance(self, answered: bool) -> None:
        """Counts an utterance."""
        self._utterances.labels("answered" if answered else "bad").inc()

    def page(self) -> bytes:
        """All of them, in the text format of Prometheus."""
        return self._generate(self._registry)
