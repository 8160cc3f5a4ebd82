// Only written: no Swift compiler has seen this file, and no device has run it.
//
// Names the emotion of a recording and its words with an exported model on iOS, over LiteRT's interface for Swift, the
// pod TensorFlowLiteSwift:
//
//     let answer = try Recognizer(folder: folder).recognize(samples, words: "I knew it!")[0]  // "happy", 0.83
//
// The folder is that of an export; an app takes what it needs of it, the files below, into its bundle.

import Foundation
import TensorFlowLite

/// An exported model and what belongs to it. Asked from one thread at a time.
public final class Recognizer {
  /// The id of a word that the model never saw; 0 is no word.
  private static let unknown: Int32 = 1

  /// The steps of tokenizer.json mean by \b a boundary of the letters a to z; iOS means one of all scripts.
  private static let boundary = "(?:(?<=[0-9A-Za-z_])(?![0-9A-Za-z_])|(?<![0-9A-Za-z_])(?=[0-9A-Za-z_]))"

  private let runner: SignatureRunner
  private let labels: [String]
  private var lengths: [String: Int] = [:]
  private var ids: [String: Int32] = [:]
  private var steps: [[String]] = []

  public init(folder: URL) throws {
    let model = folder.appendingPathComponent("tflite/float32-fixed.tflite")
    runner = try Interpreter(modelPath: model.path).signatureRunner(with: "serving_default")
    labels = try lines(of: folder.appendingPathComponent("labels.txt"))
    for name in runner.inputs {
      lengths[name] = try runner.input(named: name).shape.dimensions.last
    }
    if lengths["word_ids"] != nil {
      for (id, word) in try lines(of: folder.appendingPathComponent("vocabulary.txt")).enumerated() {
        ids[word] = Int32(id)
      }
      let rules = try Data(contentsOf: folder.appendingPathComponent("tokenizer.json"))
      steps = try JSONDecoder().decode(Rules.self, from: rules).steps
    }
  }

  /// Each label with its probability, the likeliest first.
  ///
  /// - Parameters:
  ///   - samples: The recording at 16 kHz, between -1 and 1, as AVAudioConverter gives it.
  ///   - words: What is said; empty where nobody knows.
  public func recognize(_ samples: [Float], words: String = "") throws -> [(label: String, probability: Float)] {
    var given: [String: Data] = [:]
    // The lengths are fixed: what is too long is cut, zeros pad the end, and num_samples says how much counts.
    if let length = lengths["waveform"] {
      given["waveform"] = bytes(samples, length)
      given["num_samples"] = bytes([Int32(min(samples.count, length))], 1)
    }
    if let length = lengths["word_ids"] {
      given["word_ids"] = bytes(tokenize(words).map { ids[$0] ?? Self.unknown }, length)
    }
    try runner.invoke(with: given)
    let output = try runner.output(named: "probabilities").data
    let probabilities = output.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    return zip(labels, probabilities).map { (label: $0, probability: $1) }.sorted { $0.probability > $1.probability }
  }

  /// Splits what is said into words, by the steps of tokenizer.json.
  public func tokenize(_ words: String) -> [String] {
    var text = words
    for step in steps {
      switch step[0] {
      case "replace":
        let pattern = step[1].replacingOccurrences(of: "\\b", with: Self.boundary)
        let by = step[2].replacingOccurrences(of: "\\", with: "$")
        text = text.replacingOccurrences(of: pattern, with: by, options: .regularExpression)
      case "normalize":
        text = text.precomposedStringWithCompatibilityMapping  // NFKC, the one form that the steps name.
      default:
        text = text.lowercased()
      }
    }
    return text.split(separator: " ").map(String.init)
  }
}

private struct Rules: Decodable {
  let steps: [[String]]
}

private func lines(of file: URL) throws -> [String] {
  // The last line ends too, and the first word of a vocabulary is empty.
  try Array(String(contentsOf: file, encoding: .utf8).components(separatedBy: "\n").dropLast())
}

/// What an input takes: `length` numbers, whose last ones are zeros where there are fewer values.
private func bytes<Number: ExpressibleByIntegerLiteral>(_ values: [Number], _ length: Int) -> Data {
  let padded = values.prefix(length) + [Number](repeating: 0, count: max(0, length - values.count))
  return padded.withUnsafeBytes { Data($0) }
}
