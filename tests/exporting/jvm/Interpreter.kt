// The part of LiteRT for Android that examples/device/Recognizer.kt calls, on a JVM: interpreter.py in this folder runs
// the model and is asked line by line.

package org.tensorflow.lite

import java.io.File
import org.json.JSONArray
import org.json.JSONObject

class Tensor(private val shape: IntArray) {
    fun shape() = shape
}

class Interpreter(model: File) : AutoCloseable {
    private val process = ProcessBuilder(System.getProperty("python"), System.getProperty("interpreter"), model.path)
        .redirectError(ProcessBuilder.Redirect.INHERIT).start()
    private val requests = process.outputStream.bufferedWriter()
    private val answers = process.inputStream.bufferedReader()
    private val shapes = JSONObject(answers.readLine())

    fun getSignatureInputs(signatureKey: String): Array<String> {
        check(signatureKey == "serving_default")
        return shapes.keys().asSequence().toList().toTypedArray()
    }

    fun getInputTensorFromSignature(inputName: String, signatureKey: String): Tensor {
        check(signatureKey == "serving_default")
        val shape = shapes.getJSONArray(inputName)
        return Tensor(IntArray(shape.length(), shape::getInt))
    }

    fun runSignature(inputs: Map<String, Any>, outputs: Map<String, Any>, signatureKey: String) {
        check(signatureKey == "serving_default")
        requests.write(inputs.entries.joinToString(",", "{", "}\n") { (name, value) -> "\"$name\":${json(value)}" })
        requests.flush()
        val given = JSONObject(answers.readLine())
        for ((name, value) in outputs) {
            val row = (value as Array<*>).single() as FloatArray
            val numbers: JSONArray = given.getJSONArray(name).getJSONArray(0)
            check(numbers.length() == row.size)
            for (at in row.indices) row[at] = numbers.getDouble(at).toFloat()
        }
    }

    override fun close() = requests.close()

    private fun json(value: Any?): String = when (value) {
        is Array<*> -> value.joinToString(",", "[", "]", transform = ::json)
        is FloatArray -> value.joinToString(",", "[", "]")
        is IntArray -> value.joinToString(",", "[", "]")
        else -> error("LiteRT takes no $value")
    }
}
