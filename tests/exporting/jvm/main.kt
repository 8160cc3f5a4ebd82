// Asks examples/device/Recognizer.kt: utterances and transcripts come in as JSON, answers and words go out as JSON.

import java.io.File
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.util.Locale
import org.json.JSONArray
import org.json.JSONObject

/** Kotlin 1.3, which Debian has, does not know it yet. */
fun String.lowercase(locale: Locale) = toLowerCase(locale)

fun main(args: Array<String>) {
    val asked = JSONObject(System.`in`.bufferedReader().readText())
    Recognizer(File(args[0])).use { recognizer ->
        val answers = asked.getJSONArray("utterances").objects().map { utterance ->
            val samples = ByteBuffer.wrap(File(utterance.getString("wav")).readBytes().drop(44).toByteArray())
                .order(ByteOrder.LITTLE_ENDIAN).asShortBuffer()
            val wave = FloatArray(samples.remaining()) { samples.get(it) / 32768f }
            val answer = recognizer.recognize(wave, utterance.optString("transcript"))
            JSONArray(answer.map { (label, probability) -> JSONArray(listOf(label, probability.toDouble())) })
        }
        val words = asked.getJSONArray("transcripts").objects().map { each ->
            JSONArray(recognizer.tokenize(each.getString("transcript")))
        }
        println(JSONObject(mapOf("answers" to JSONArray(answers), "words" to JSONArray(words))))
    }
}

fun JSONArray.objects() = (0 until length()).map(this::getJSONObject)
