// Never run on Android; compiled and run on a desktop's JVM, where a stand-in takes the place of the Interpreter.
//
// Names the emotion of a recording and its words with an exported model, over LiteRT for Android, in Gradle
// com.google.ai.edge.litert:litert:
//
//     Recognizer(folder).use { it.recognize(samples, "I knew it!").first() }  // "happy" to 0.83
//
// The folder is that of an export; an app copies what it needs of it, the files below, from its assets to filesDir.

import java.io.Closeable
import java.io.File
import java.text.Normalizer
import java.util.Locale
import org.json.JSONArray
import org.json.JSONObject
import org.tensorflow.lite.Interpreter

private const val SIGNATURE = "serving_default"

/** The id of a word that the model never saw; 0 is no word. */
private const val UNKNOWN = 1

/** The steps of tokenizer.json mean by \b a boundary of the letters a to z; Android means one of all scripts. */
private const val BOUNDARY = "(?:(?<=[0-9A-Za-z_])(?![0-9A-Za-z_])|(?<![0-9A-Za-z_])(?=[0-9A-Za-z_]))"

class Recognizer(folder: File) : Closeable {
    private val interpreter = Interpreter(File(folder, "tflite/float32-fixed.tflite"))
    private val inputs = interpreter.getSignatureInputs(SIGNATURE)
    private val labels = File(folder, "labels.txt").readLines()
    private var ids = emptyMap<String, Int>()
    private var steps = emptyList<JSONArray>()

    init {
        if ("word_ids" in inputs) {
            ids = File(folder, "vocabulary.txt").readLines().withIndex().associate { (id, word) -> word to id }
            val rules = JSONObject(File(folder, "tokenizer.json").readText()).getJSONArray("steps")
            steps = (0 until rules.length()).map(rules::getJSONArray)
        }
    }

    /**
     * Each label with its probability, the likeliest first.
     *
     * @param samples The recording at 16 kHz, between -1 and 1: of AudioRecord's 16-bit samples, each divided by 32768.
     * @param words What is said; empty where nobody knows.
     */
    @Synchronized // An interpreter answers one at a time.
    fun recognize(samples: FloatArray, words: String = ""): List<Pair<String, Float>> {
        val given = inputs.associate { name ->
            name to when (name) {
                // Batches of one. What is too long is cut; zeros pad the end, and num_samples says how much counts.
                "waveform" -> arrayOf(samples.copyOf(length(name)))
                "num_samples" -> intArrayOf(minOf(samples.size, length("waveform")))
                "word_ids" -> arrayOf(tokenize(words).map { ids[it] ?: UNKNOWN }.toIntArray().copyOf(length(name)))
                else -> error("this sample does not know the input $name")
            }
        }
        val probabilities = FloatArray(labels.size)
        interpreter.runSignature(given, mapOf("probabilities" to arrayOf(probabilities)), SIGNATURE)
        return labels.zip(probabilities.toList()).sortedByDescending { it.second }
    }

    /** Splits what is said into words, by the steps of tokenizer.json. */
    fun tokenize(words: String): List<String> {
        val split = steps.fold(words) { text, step ->
            when (step.getString(0)) {
                "replace" -> {
                    val pattern = step.getString(1).replace("\\b", BOUNDARY)
                    text.replace(Regex(pattern), step.getString(2).replace("\\", "$"))
                }
                "normalize" -> Normalizer.normalize(text, Normalizer.Form.valueOf(step.getString(1)))
                else -> text.lowercase(Locale.ROOT)
            }
        }
        return split.split(" ").filter(String::isNotEmpty)
    }

    override fun close() = interpreter.close()

    private fun length(name: String) = interpreter.getInputTensorFromSignature(name, SIGNATURE).shape().last()
}
