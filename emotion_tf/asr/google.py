"""Google Cloud Speech-to-Text, through Google's own client."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from emotion_tf.asr.recognizer import SAMPLE_RATE, RecognizerUnavailableError, linear16, not_installed, one_line
from emotion_tf.errors import EmotionTFError

DEFAULT_MODEL = "latest_long"
"""The model for spontaneous speech."""

LANGUAGE = "en-US"

RETRY_SECONDS = 60.0
"""How long one utterance is tried while the service does not answer."""


def version(model: str | None) -> str:
    """The version of the interface, the model and the language.

    The package is no part of it, since it does not recognise anything. Google changes what stands behind a name
    without notice, so transcripts of the same version may differ by their date.
    """
    return f"v1, {model or DEFAULT_MODEL}, {LANGUAGE}"


def load(model: str | None, client: Any = None) -> Callable[[np.ndarray], str]:
    """The engine. The service takes a minute of audio at most.

    Args:
        model: Name of one of Google's models.
        client: A `google.cloud.speech_v1.SpeechClient` of one's own, for another endpoint or other credentials; None
            means Google's endpoint and the credentials that Google's libraries find.
    """
    try:
        with warnings.catch_warnings():
            # Each package warns, years ahead, of the Python versions that it will stop supporting.
            warnings.simplefilter("ignore", FutureWarning)
            from google.api_core import exceptions
            from google.api_core.retry import Retry, if_exception_type
            from google.auth.exceptions import GoogleAuthError
            from google.cloud import speech_v1
    except ImportError:
        raise not_installed("google-cloud-speech", "google", "google") from None

    # What any other utterance would meet as well.
    unavailable = (
        exceptions.DeadlineExceeded,
        exceptions.Forbidden,
        exceptions.RetryError,
        exceptions.ServiceUnavailable,
        exceptions.TooManyRequests,
        exceptions.Unauthorized,
        GoogleAuthError,
    )
    if client is None:
        try:
            client = speech_v1.SpeechClient()
        except GoogleAuthError as error:
            raise RecognizerUnavailableError(
                f"Google's recogniser has no credentials ({one_line(error)})",
                fix="point GOOGLE_APPLICATION_CREDENTIALS at the key file of a service account",
            ) from None
    config = speech_v1.RecognitionConfig(
        encoding=speech_v1.RecognitionConfig.AudioEncoding.LINEAR16,
        sample_rate_hertz=SAMPLE_RATE,
        language_code=LANGUAGE,
        model=model or DEFAULT_MODEL,
    )
    # The client's own patience is more than an hour.
    retry = Retry(if_exception_type(exceptions.ServiceUnavailable), timeout=RETRY_SECONDS)

    def recognize(waveform: np.ndarray) -> str:
        audio = speech_v1.RecognitionAudio(content=linear16(waveform))
        try:
            response = client.recognize(config=config, audio=audio, retry=retry, timeout=RETRY_SECONDS)
        except unavailable as error:
            raise RecognizerUnavailableError(
                f"Google's recogniser is out of reach ({one_line(error)})",
                fix="look at network, credentials and quota, then call again; what is transcribed already is kept",
            ) from None
        except exceptions.GoogleAPICallError as error:
            raise EmotionTFError(
                f"Google's recogniser refuses ({one_line(error)})",
                expected="at most a minute of speech, and a model that it has",
            ) from None
        return " ".join(result.alternatives[0].transcript for result in response.results if result.alternatives)

    return recognize
