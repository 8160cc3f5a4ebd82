// Names the emotion of a recording and its words with an exported model, over LiteRT's C API.
//
//     recognize EXPORT/tflite/float32-fixed.tflite EXPORT/labels.txt clip.wav 6,7,8
//
// The recording is a 16-bit mono WAV file of 16 kHz. The word ids are the lines of the words in vocabulary.txt, counted
// from 0; a model that only hears takes none. What is printed: the label, then the probability of each label.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "litert/c/litert_common.h"
#include "litert/c/litert_compiled_model.h"
#include "litert/c/litert_environment.h"
#include "litert/c/litert_model.h"
#include "litert/c/litert_options.h"
#include "litert/c/litert_tensor_buffer.h"

// What LiteRT makes is ours to free.
template <typename Handle>
using Owned = std::unique_ptr<std::remove_pointer_t<Handle>, void (*)(Handle)>;

void check(LiteRtStatus status) {
  if (status != kLiteRtStatusOk) throw std::runtime_error("LiteRT fails with status " + std::to_string(status));
}

// Calls a function of LiteRT that leaves what it makes in its last argument.
template <typename Handle, typename Create, typename... Arguments>
Owned<Handle> make(void (*destroy)(Handle), Create create, Arguments... arguments) {
  Handle handle = nullptr;
  check(create(arguments..., &handle));
  return {handle, destroy};
}

struct Tensor {
  std::string name;
  size_t length;  // Of the second dimension; the first one is the batch, which is 1.
  Owned<LiteRtTensorBuffer> buffer;
};

class Recognizer {
 public:
  explicit Recognizer(const char* path)
      : model_(make(LiteRtDestroyModel, LiteRtCreateModelFromFile, env_.get(), path)) {
    check(LiteRtSetOptionsHardwareAccelerators(options_.get(), kLiteRtHwAcceleratorCpu));
    compiled_ = make(LiteRtDestroyCompiledModel, LiteRtCreateCompiledModel, env_.get(), model_.get(), options_.get());
    add(inputs_, LiteRtGetNumSignatureInputs, LiteRtGetSignatureInputName, LiteRtGetSignatureInputTensorByIndex,
        LiteRtGetCompiledModelInputBufferRequirements);
    add(outputs_, LiteRtGetNumSignatureOutputs, LiteRtGetSignatureOutputName, LiteRtGetSignatureOutputTensorByIndex,
        LiteRtGetCompiledModelOutputBufferRequirements);
  }

  // The probability of each label. Samples lie between -1 and 1; what is longer than the model takes is cut off.
  std::vector<float> recognize(const std::vector<float>& samples, const std::vector<int32_t>& word_ids) {
    size_t heard = samples.size();
    for (const Tensor& input : inputs_)
      if (input.name == "waveform") heard = std::min(heard, input.length);
    std::vector<LiteRtTensorBuffer> inputs, outputs;
    for (const Tensor& input : inputs_) {
      inputs.push_back(input.buffer.get());
      if (input.name == "waveform") write(input, samples);
      else if (input.name == "num_samples") write(input, std::vector<int32_t>(1, static_cast<int32_t>(heard)));
      else if (input.name == "word_ids") write(input, word_ids);
      else throw std::runtime_error("this sample does not know the input " + input.name);
    }
    for (const Tensor& output : outputs_) outputs.push_back(output.buffer.get());
    check(LiteRtRunCompiledModel(compiled_.get(), 0, inputs.size(), inputs.data(), outputs.size(), outputs.data()));
    for (const Tensor& output : outputs_) {
      if (output.name != "probabilities") continue;
      std::vector<float> probabilities(output.length);
      void* memory = nullptr;
      check(LiteRtLockTensorBuffer(output.buffer.get(), &memory, kLiteRtTensorBufferLockModeRead));
      std::memcpy(probabilities.data(), memory, probabilities.size() * sizeof(float));
      check(LiteRtUnlockTensorBuffer(output.buffer.get()));
      return probabilities;
    }
    throw std::runtime_error("the model gives no probabilities");
  }

 private:
  // Finds the inputs or the outputs of the one signature, and makes each a buffer as the compiled model wants it.
  template <typename Count, typename Name, typename Find, typename Require>
  void add(std::vector<Tensor>& tensors, Count count, Name name, Find find, Require require) {
    LiteRtSignature signature = nullptr;
    LiteRtParamIndex number = 0;
    check(LiteRtGetModelSignature(model_.get(), 0, &signature));
    check(count(signature, &number));
    for (LiteRtParamIndex index = 0; index < number; ++index) {
      const char* text = nullptr;
      LiteRtTensor tensor = nullptr;
      LiteRtRankedTensorType type;
      LiteRtTensorBufferRequirements required = nullptr;
      check(name(signature, index, &text));
      check(find(signature, index, &tensor));
      check(LiteRtGetRankedTensorType(tensor, &type));
      check(require(compiled_.get(), 0, index, &required));
      auto buffer = make(LiteRtDestroyTensorBuffer, LiteRtCreateManagedTensorBufferFromRequirements, env_.get(),
                         static_cast<const LiteRtRankedTensorType*>(&type), required);
      tensors.push_back({text, static_cast<size_t>(type.layout.dimensions[type.layout.rank - 1]), std::move(buffer)});
    }
  }

  // Cuts what is too long and pads with zeros: the length is fixed, and a word id of 0 is no word.
  template <typename Number>
  static void write(const Tensor& input, std::vector<Number> values) {
    values.resize(input.length);
    void* memory = nullptr;
    check(LiteRtLockTensorBuffer(input.buffer.get(), &memory, kLiteRtTensorBufferLockModeWrite));
    std::memcpy(memory, values.data(), values.size() * sizeof(Number));
    check(LiteRtUnlockTensorBuffer(input.buffer.get()));
  }

  // In this order, since what stands below lives on what stands above.
  Owned<LiteRtEnvironment> env_ = make(LiteRtDestroyEnvironment, LiteRtCreateEnvironment, 0, nullptr);
  Owned<LiteRtModel> model_;
  Owned<LiteRtOptions> options_ = make(LiteRtDestroyOptions, LiteRtCreateOptions);
  Owned<LiteRtCompiledModel> compiled_{nullptr, LiteRtDestroyCompiledModel};
  std::vector<Tensor> inputs_, outputs_;
};

// The samples of a WAV file, on a little-endian machine, such as every phone is.
std::vector<float> read_wav(const char* path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  struct { uint16_t coding, channels; uint32_t rate, byte_rate; uint16_t block, bits; } format = {};
  uint32_t size = 0;
  // Other chunks may stand before the samples; one of odd size has a byte more.
  for (uint64_t at = 12; at + 8 <= bytes.size(); at += uint64_t{8} + size + size % 2) {
    std::memcpy(&size, &bytes[at + 4], 4);
    const std::string content = bytes.substr(at + 8, size);
    const size_t known = std::min(content.size(), sizeof(format));
    if (bytes.compare(at, 4, "fmt ") == 0) std::memcpy(&format, content.data(), known);
    if (bytes.compare(at, 4, "data") != 0) continue;
    if (format.coding != 1 || format.channels != 1 || format.rate != 16000 || format.bits != 16) break;
    std::vector<int16_t> whole(content.size() / 2);
    std::memcpy(whole.data(), content.data(), 2 * whole.size());
    std::vector<float> samples(whole.begin(), whole.end());
    for (float& sample : samples) sample /= 32768.0f;
    return samples;
  }
  throw std::runtime_error(std::string(path) + " is no 16-bit mono WAV file of 16 kHz");
}

int main(int argc, char** argv) try {
  if (argc < 4) throw std::runtime_error("usage: recognize MODEL LABELS WAV [ID,ID...]");
  std::vector<int32_t> word_ids;
  std::istringstream ids(argc > 4 ? argv[4] : "");
  for (std::string id; std::getline(ids, id, ',');) {
    if (id.empty() || id.find_first_not_of("0123456789") != std::string::npos)
      throw std::runtime_error("'" + id + "' is no word id");
    word_ids.push_back(std::stoi(id));
  }
  const auto probabilities = Recognizer(argv[1]).recognize(read_wav(argv[3]), word_ids);

  std::ifstream lines(argv[2]);
  std::vector<std::string> labels;
  for (std::string line; std::getline(lines, line);) labels.push_back(line);
  if (labels.size() != probabilities.size()) throw std::runtime_error("the labels are those of another model");
  const auto largest = std::max_element(probabilities.begin(), probabilities.end());
  std::printf("%s\n", labels[largest - probabilities.begin()].c_str());
  for (size_t index = 0; index < labels.size(); ++index)
    std::printf("%s\t%.6f\n", labels[index].c_str(), probabilities[index]);
} catch (const std::exception& error) {
  std::fprintf(stderr, "error: %s\n", error.what());
  return 1;
}
