"""Between HTTP and the model: admission, decoding, batches."""

import asyncio
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http import HTTPStatus

import numpy as np

from emotion_tf.audio.reader import Beginning, RecordingInMemory
from emotion_tf.errors import EmotionTFError
from emotion_tf.inference import Predictor
from emotion_tf.inference.runtime import BatchRuntime
from emotion_tf.server.batching import Batcher
from emotion_tf.server.limits import Limits
from emotion_tf.server.metrics import Metrics
from emotion_tf.server.refusal import RefusedError
from emotion_tf.server.signatures import signatures_of
from emotion_tf.server.utterance import Answer, Utterance

BATCH_WORKERS = 2
"""Threads that compute batches: while one prepares the next batch or reads out the last, the other computes."""

Heard = tuple[np.ndarray | Beginning | None, Utterance]
"""An utterance, and its wave or what is heard of its recording."""


class Service:
    """A served model.

    Args:
        name: The name under which it is served.
        predictor: The model.
        limits: The bounds.

    Attributes:
        signatures: What the model takes.
        stopping: Whether the server is about to end.
    """

    def __init__(self, name: str, predictor: Predictor, limits: Limits):
        self.name, self.predictor, self.limits = name, predictor, limits
        self.signatures = signatures_of(predictor.config, predictor.runtime.speaker_width)
        self.stopping = False
        self._under_way = 0
        self.metrics = Metrics(lambda: self._under_way, limits.queue)
        processors = os.cpu_count() or 1
        # LiteRT computes one utterance a call, and as many calls at once as there are processors.
        batches = isinstance(predictor.runtime, BatchRuntime)
        self._batcher: Batcher[Heard, Answer] = Batcher(
            self._compute, limits.batch_size if batches else 1, BATCH_WORKERS if batches else processors
        )
        self._decoders = ThreadPoolExecutor(processors, thread_name_prefix="decode")

    @property
    def healthy(self) -> bool:
        """Whether it can still answer at all."""
        return self._batcher.alive

    @contextmanager
    def admitted(self, count: int = 1, taken: int = 0) -> Iterator[None]:
        """Holds places in the queue. It is called in the event loop's thread alone.

        Args:
            count: How many.
            taken: How many the same request holds already.

        Raises:
            RefusedError: If there are not so many.
        """
        if count + taken > self.limits.queue:
            raise RefusedError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"{count + taken} utterances in one request; this server takes {self.limits.queue} at most",
            )
        if self._under_way + count > self.limits.queue:
            raise RefusedError(HTTPStatus.TOO_MANY_REQUESTS, "the queue is full; try again in a moment")
        self._under_way += count
        try:
            yield
        finally:
            self._under_way -= count

    async def answer(self, utterances: Sequence[Utterance]) -> list[Answer]:
        """The answers in the same order. Who cancels it spares what is not begun."""
        answers = await asyncio.gather(*map(self._answer, utterances))
        for item in answers:
            self.metrics.utterance(not item.error)
        return answers

    async def _answer(self, utterance: Utterance) -> Answer:
        try:
            wave = await asyncio.wrap_future(self._decoders.submit(self._hear, utterance))
        except EmotionTFError as error:
            return Answer(error=str(error))
        length = 0 if wave is None else len(wave.waveform if isinstance(wave, Beginning) else wave)
        return await asyncio.wrap_future(self._batcher.submit((wave, utterance), length))

    def _hear(self, utterance: Utterance) -> np.ndarray | Beginning | None:
        """The wave of an utterance, or what is heard of its recording; None where there is none."""
        if utterance.waveform is not None:
            return utterance.waveform if len(utterance.waveform) else None
        if not utterance.audio:
            return None
        return self.predictor.hear(RecordingInMemory(utterance.audio))

    def _compute(self, batch: list[Heard]) -> list[Answer]:
        """The answers to a batch; of one that fails, each is asked alone, to know which of them it is."""
        self.metrics.batch(len(batch))
        try:
            return self._ask(batch)
        except EmotionTFError as error:
            if len(batch) == 1:
                return [Answer(error=str(error))]
            return [answer for heard in batch for answer in self._compute([heard])]

    def _ask(self, batch: list[Heard]) -> list[Answer]:
        reads = self.predictor.config.model.reads
        predictions = self.predictor.predict_batch(
            [wave for wave, _ in batch],
            [utterance.transcript if reads else None for _, utterance in batch],
            [utterance.speaker for _, utterance in batch],
        )
        return [Answer(prediction) for prediction in predictions]

    def warm_up(self) -> None:
        """Answers once, so that the first client does not wait for what TensorFlow makes at its first call."""
        config = self.predictor.config
        width = self.predictor.runtime.speaker_width
        speaker = None if width is None else np.zeros(width, np.float32)
        wave = np.zeros(config.features.sample_rate, np.float32) if config.model.hears else None
        self._ask([(wave, Utterance(transcript="ok" if config.model.reads else "", speaker=speaker))])

    def close(self) -> None:
        """Ends the threads, after what they have begun."""
        self._decoders.shutdown()
        self._batcher.close()
