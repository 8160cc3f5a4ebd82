/* Loads a SavedModel as a server does, without Python, and answers requests.
 *
 *     serve SAVED_MODEL_DIR [REQUEST [-- REQUEST]...]
 *
 * A request is a row of these, the tensors being named as in the signature, such as serving_default_audio:0:
 *
 *     string TENSOR FILE          one string, the bytes of the file
 *     float  TENSOR FILE D1,D2..  float32 numbers of this shape
 *     int    TENSOR FILE D1,D2..  int32 numbers of this shape
 *     fetch  TENSOR               what is printed, one line a tensor
 *
 * A request that fails prints one line that begins with "error: ", and the next one is answered. The exit code is 1 if
 * the SavedModel cannot be loaded, 2 if the command line is wrong.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensorflow/c/c_api.h"

enum { MAX_TENSORS = 16, MAX_DIMS = 8 };

typedef struct {
  TF_Output inputs[MAX_TENSORS], outputs[MAX_TENSORS];
  TF_Tensor *values[MAX_TENSORS], *answers[MAX_TENSORS];
  int num_inputs, num_outputs;
} Request;

static void fail(int code, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  exit(code);
}

/* The bytes of a file, which the caller frees. */
static char *read_file(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  if (file == NULL || fseek(file, 0, SEEK_END) != 0) fail(2, "cannot read %s", path);
  *size = (size_t)ftell(file);
  rewind(file);
  char *bytes = malloc(*size + 1);
  if (bytes == NULL || fread(bytes, 1, *size, file) != *size) fail(2, "cannot read %s", path);
  fclose(file);
  return bytes;
}

/* The tensor of the graph that is named OPERATION:INDEX. */
static TF_Output find(TF_Graph *graph, const char *name) {
  char operation[512];
  int index = 0;
  if (sscanf(name, "%511[^:]:%d", operation, &index) != 2) fail(2, "%s is not the name of a tensor", name);
  TF_Output output = {TF_GraphOperationByName(graph, operation), index};
  if (output.oper == NULL) fail(2, "the graph has no operation %s", operation);
  return output;
}

static TF_Tensor *string_tensor(const char *path) {
  size_t size;
  char *bytes = read_file(path, &size);
  const int64_t dims[] = {1};
  TF_Tensor *tensor = TF_AllocateTensor(TF_STRING, dims, 1, sizeof(TF_TString));
  TF_TString *string = TF_TensorData(tensor);
  TF_StringInit(string);
  TF_StringCopy(string, bytes, size);
  free(bytes);
  return tensor;
}

static TF_Tensor *number_tensor(TF_DataType type, const char *path, const char *shape) {
  int64_t dims[MAX_DIMS], count = 1;
  int num_dims = 0;
  for (char *rest = (char *)shape; *rest != '\0' && num_dims < MAX_DIMS; rest += *rest == ',') {
    dims[num_dims] = strtoll(rest, &rest, 10);
    count *= dims[num_dims++];
  }
  size_t size;
  char *bytes = read_file(path, &size);
  if (size != (size_t)count * TF_DataTypeSize(type)) fail(2, "%s does not hold the shape %s", path, shape);
  TF_Tensor *tensor = TF_AllocateTensor(type, dims, num_dims, size);
  memcpy(TF_TensorData(tensor), bytes, size);
  free(bytes);
  return tensor;
}

/* Reads one request from the command line and returns where the next one begins. */
static char **parse(char **argument, char **end, TF_Graph *graph, Request *request) {
  memset(request, 0, sizeof(*request));
  while (argument < end && strcmp(*argument, "--") != 0) {
    const char *kind = *argument;
    const int width = strcmp(kind, "fetch") == 0 ? 2 : strcmp(kind, "string") == 0 ? 3 : 4;
    if (argument + width > end) fail(2, "%s lacks what belongs to it", kind);
    if (request->num_inputs == MAX_TENSORS || request->num_outputs == MAX_TENSORS) fail(2, "too many tensors");
    const TF_Output tensor = find(graph, argument[1]);
    if (width == 2) {
      request->outputs[request->num_outputs++] = tensor;
    } else {
      const TF_DataType type = strcmp(kind, "float") == 0 ? TF_FLOAT : TF_INT32;
      request->inputs[request->num_inputs] = tensor;
      request->values[request->num_inputs++] =
          width == 3 ? string_tensor(argument[2]) : number_tensor(type, argument[2], argument[3]);
    }
    argument += width;
  }
  return argument < end ? argument + 1 : end;
}

static void print_tensor(const char *name, const TF_Tensor *tensor) {
  printf("%s", name);
  const int64_t count = TF_TensorElementCount(tensor);
  for (int64_t i = 0; i < count; ++i) {
    if (TF_TensorType(tensor) == TF_STRING) {
      const TF_TString *string = (const TF_TString *)TF_TensorData(tensor) + i;
      printf(" %.*s", (int)TF_StringGetSize(string), TF_StringGetDataPointer(string));
    } else {
      printf(" %.9g", ((const float *)TF_TensorData(tensor))[i]);
    }
  }
  printf("\n");
}

/* The first line of a message; the others are a trace of the graph. */
static void print_error(const TF_Status *status) {
  const char *message = TF_Message(status);
  printf("error: %.*s\n", (int)strcspn(message, "\n"), message);
}

int main(int argc, char **argv) {
  if (argc < 2) fail(2, "usage: %s SAVED_MODEL_DIR [REQUEST [-- REQUEST]...]", argv[0]);
  TF_Status *status = TF_NewStatus();
  TF_Graph *graph = TF_NewGraph();
  TF_SessionOptions *options = TF_NewSessionOptions();
  const char *tags[] = {"serve"};
  TF_Session *session = TF_LoadSessionFromSavedModel(options, NULL, argv[1], tags, 1, graph, NULL, status);
  if (TF_GetCode(status) != TF_OK) fail(1, "error: %s", TF_Message(status));

  for (char **argument = argv + 2; argument < argv + argc;) {
    Request request;
    argument = parse(argument, argv + argc, graph, &request);
    TF_SessionRun(session, NULL, request.inputs, request.values, request.num_inputs, request.outputs, request.answers,
                  request.num_outputs, NULL, 0, NULL, status);
    if (TF_GetCode(status) != TF_OK) print_error(status);
    for (int i = 0; i < request.num_inputs; ++i) TF_DeleteTensor(request.values[i]);
    for (int i = 0; i < request.num_outputs; ++i) {
      if (request.answers[i] == NULL) continue;
      char name[560];
      snprintf(name, sizeof(name), "%s:%d", TF_OperationName(request.outputs[i].oper), request.outputs[i].index);
      print_tensor(name, request.answers[i]);
      TF_DeleteTensor(request.answers[i]);
    }
    printf("--\n");
    fflush(stdout);
  }

  TF_CloseSession(session, status);
  TF_DeleteSession(session, status);
  TF_DeleteSessionOptions(options);
  TF_DeleteGraph(graph);
  TF_DeleteStatus(status);
  return 0;
}
