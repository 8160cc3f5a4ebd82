// What happens on the page.

import { beginning } from "./beginning.js";
import { linePoints, waveOutline } from "./drawing.js";
import { decode, record } from "./recording.js";
import { SpeechModel } from "./speech_model.js";
import { timeline } from "./timeline.js";

/** What is shorter holds no utterance. */
const MIN_SECONDS = 0.1;

/** Every element of the page that has an id, by its id. */
const page = Object.fromEntries([...document.querySelectorAll("[id]")].map((element) => [element.id, element]));

const percent = new Intl.NumberFormat("en", { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });

let model;
let samples = null;
let stopRecording = null;

/** Counts what the user asked for, so that nothing is shown any more that was asked for before. */
let turn = 0;

/** Makes an element with properties and children. */
function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** Minutes and seconds, such as 1:05. */
function clock(seconds) {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** The index of the likeliest label; dimensions stand behind the probabilities. */
function likeliest(values) {
  const probabilities = values.slice(0, model.settings.labels.length);
  return probabilities.indexOf(Math.max(...probabilities));
}

/** The value of a dimension that lies at a share of its range. */
function valueOf({ low, high }, share) {
  return low + share * (high - low);
}

/** Does what the user asked for, and says what it waits for and what goes wrong. */
async function attempt(waiting, work) {
  const mine = ++turn;
  const current = () => mine === turn;
  page.error.textContent = "";
  page.status.textContent = waiting;
  try {
    await work(current);
  } catch (error) {
    if (current()) page.error.textContent = error.message;
  }
  if (current()) {
    page.status.textContent = "";
    page.progress.hidden = true;
  }
}

/** Takes a recording, which the button then analyses. */
async function take(blob, name) {
  samples = null;
  hideAnswer();
  page.analyse.disabled = page.recording.hidden = true;
  await attempt("Reading the recording.", async (current) => {
    const rate = model.settings.sample_rate;
    const decoded = await decode(blob, rate);
    if (!current()) return;
    const seconds = decoded.length / rate;
    if (seconds < MIN_SECONDS) {
      throw new Error(`The recording is too short: it lasts ${seconds.toFixed(2)} s, and ${MIN_SECONDS} s is the least.`);
    }
    samples = decoded;
    page.name.textContent = `${name}, ${seconds.toFixed(1)} s`;
    page.wave.firstElementChild.setAttribute("d", waveOutline(samples));
    page.wave.setAttribute("aria-label", `Waveform of ${name}`);
    URL.revokeObjectURL(page.player.src);
    page.player.src = URL.createObjectURL(blob);
    page.recording.hidden = page.analyse.disabled = false;
  });
}

/** Starts to record, or stops and takes what was recorded. */
async function toggleRecording() {
  if (stopRecording) {
    const stop = stopRecording;
    stopRecording = null;
    page.record.textContent = "Record";
    await take(await stop(), "Your recording");
    return;
  }
  page.record.disabled = true;
  await attempt("Asking for the microphone.", async () => {
    stopRecording = await record();
    page.record.textContent = "Stop recording";
  });
  page.record.disabled = false;
}

/** Asks the model, and shows what it says. */
async function analyse() {
  const text = page.words.value;
  hideAnswer();
  await attempt("Listening.", async (current) => {
    const { labels, hears, sample_rate: rate, max_samples } = model.settings;
    if (!hears && !text.trim()) throw new Error("There is nothing to read: type what is said.");
    const heard = hears ? beginning(samples, rate, max_samples) : samples;
    const values = await model.predict(heard, text);
    if (!current()) return;
    showScores(values);
    const long = hears && samples.length > max_samples;
    page.heard.hidden = !long;
    page.heard.textContent = `This is how the first ${max_samples / rate} seconds behind any silence sound; all is below.`;
    page.answer.hidden = false;
    if (long) await analyseWindows(text, current);
  });
}

/** Takes away what was said of another recording or other words. */
function hideAnswer() {
  page.answer.hidden = page.timeline.hidden = page.strip.hidden = true;
}

/** The style of a label; there are ten colours, and then the first comes again. */
function classOf(index) {
  return `class-${index % 10}`;
}

/** Shows the likeliest label, every score, and every dimension between the ends of its range. */
function showScores(values) {
  const { labels, dimensions } = model.settings;
  page.label.textContent = labels[likeliest(values)];
  const row = (name, share, score, className) => {
    const level = make("span", {});
    level.style.width = `${100 * share}%`;
    return make("li", { className }, make("span", {}, name), make("div", { className: "bar" }, level), score);
  };
  const rows = labels.map((label, index) => {
    const score = make("data", { value: values[index] }, percent.format(values[index]));
    return row(label, values[index], score, classOf(index));
  });
  const rated = dimensions.map((dimension, index) => {
    const share = values[labels.length + index];
    const value = valueOf(dimension, share);
    const { name, low, high } = dimension;
    const score = make("data", { value, title: `${low} to ${high}` }, value.toFixed(2));
    return row(name, share, score, "dimension");
  });
  page.scores.replaceChildren(...rows, ...rated);
}

/** Goes through a long recording window by window, and shows the timeline. */
async function analyseWindows(text, current) {
  const seconds = samples.length / model.settings.sample_rate;
  const windows = [];
  page.progress.hidden = false;
  for await (const window of timeline(model, samples, text)) {
    // The page has to stay alive meanwhile.
    await new Promise((resolve) => setTimeout(resolve));
    if (!current()) return;
    windows.push(window);
    page.progress.value = window.end / seconds;
  }
  showTimeline(windows, seconds);
  page.timeline.hidden = page.strip.hidden = false;
}

/** Shows the windows as lines, as a strip under the waveform, and as a table. */
function showTimeline(windows, seconds) {
  const { labels, dimensions } = model.settings;
  const names = [...labels, ...dimensions.map(({ name }) => name)];
  const lines = names.map((_, index) => {
    const line = document.createElementNS("http://www.w3.org/2000/svg", "polyline");
    line.setAttribute("class", index < labels.length ? classOf(index) : "dimension");
    line.setAttribute("points", linePoints(windows, index, seconds));
    return line;
  });
  page.lines.replaceChildren(...lines);
  page.lines.setAttribute("aria-label", `${dimensions.length ? "Probability or level" : "Probability"} of ${names.join(", ")} over time`);
  page.end.textContent = clock(seconds);
  const cell = (content) => make("td", {}, content);
  const head = ["from", "to", "emotion", ...names].map((text) => make("th", { scope: "col" }, text));
  const rows = windows.map(({ start, end, smoothed }) => {
    const scores = smoothed.map((share, index) => {
      if (index < labels.length) return make("data", { value: share }, percent.format(share));
      const value = valueOf(dimensions[index - labels.length], share);
      return make("data", { value }, value.toFixed(2));
    });
    return make("tr", {}, ...[clock(start), clock(end), labels[likeliest(smoothed)], ...scores].map(cell));
  });
  page.table.replaceChildren(make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows));
  page.strip.replaceChildren(...windows.map(stretch));
}

/** A window's part of the strip, in the colour of its label: what it adds to the window before. */
function stretch({ end, smoothed }, index, windows) {
  const part = make("span", { className: classOf(likeliest(smoothed)) });
  part.style.flexGrow = end - (windows[index - 1]?.end ?? 0);
  return part;
}

/** Lets people choose, drop and record, as far as the model takes it. */
function open() {
  const { labels, dimensions, notes, hears, reads, max_words, window_seconds, hop_seconds } = model.settings;
  page.emotions.textContent = labels.join(", ");
  page.notes.replaceChildren(...notes.map((note) => make("li", {}, note)));
  page.legend.replaceChildren(
    ...labels.map((label, index) => make("li", { className: classOf(index) }, label)),
    ...dimensions.map(({ name, low, high }) => make("li", { className: "dimension" }, `${name}, ${low} to ${high}`)),
  );
  page.hearing.hidden = !hears;
  page.reading.hidden = !reads;
  page.analyse.disabled = hears;
  page.windows.textContent =
    `Windows of ${window_seconds} seconds, one every ${hop_seconds} seconds, ` +
    `each smoothed over those before${reads ? ", all with the same words" : ""}.`;
  page.hint.textContent = `${hears ? "Optional. " : ""}English, up to ${max_words} words.`;

  page.file.addEventListener("change", () => {
    const [file] = page.file.files;
    if (file) take(file, file.name);
    // Else the same file, chosen again after another, would be no change.
    page.file.value = "";
  });
  page.record.addEventListener("click", toggleRecording);
  page.form.addEventListener("submit", (event) => {
    event.preventDefault();
    analyse();
  });
  if (hears) acceptDrops();
}

/** Lets files drop anywhere: one that missed its target would replace the page. */
function acceptDrops() {
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    page.drop.classList.add("over");
  });
  document.addEventListener("dragleave", () => page.drop.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    page.drop.classList.remove("over");
    const [file] = event.dataTransfer.files;
    if (file) take(file, file.name);
  });
}

await attempt(page.status.textContent, async () => {
  model = await SpeechModel.load();
  open();
});
