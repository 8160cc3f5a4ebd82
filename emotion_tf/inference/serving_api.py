"""TensorFlow Serving's messages and its gRPC service, which come in a package of their own."""

from types import SimpleNamespace


def load_serving_api() -> SimpleNamespace | None:
    """The classes of `tensorflow-serving-api` that this package uses; None where it is not installed."""
    try:
        from tensorflow_serving.apis.get_model_metadata_pb2 import GetModelMetadataRequest, SignatureDefMap
        from tensorflow_serving.apis.predict_pb2 import PredictRequest
        from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog
        from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub
    except ImportError:
        return None
    return SimpleNamespace(
        GetModelMetadataRequest=GetModelMetadataRequest,
        SignatureDefMap=SignatureDefMap,
        PredictRequest=PredictRequest,
        PredictionLog=PredictionLog,
        PredictionServiceStub=PredictionServiceStub,
    )
