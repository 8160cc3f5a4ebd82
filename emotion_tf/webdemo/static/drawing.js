// Pictures as SVG, whose colours follow the style sheet and whose size follows the page.

/** Width of every picture's box. */
const WIDTH = 600;

/** Silence is a line of half this height, and nothing quieter is enlarged to full height. */
const MIN_HEIGHT = 0.01;

/** The outline of a wave, as a path in a box of 600 × 2 around its axis. */
export function waveOutline(samples) {
  const columns = Math.min(WIDTH, samples.length);
  const highs = [];
  const lows = [];
  let loudest = MIN_HEIGHT;
  for (let column = 0; column < columns; column++) {
    const [start, end] = [column, column + 1].map((edge) => Math.floor((edge / columns) * samples.length));
    let high = 0;
    let low = 0;
    for (let index = start; index < end; index++) {
      high = Math.max(high, samples[index]);
      low = Math.min(low, samples[index]);
    }
    highs.push(high);
    lows.push(low);
    loudest = Math.max(loudest, high, -low);
  }
  const x = (column) => ((column + 0.5) / columns) * WIDTH;
  const y = (value) => (-value / loudest).toFixed(3);
  const above = highs.map((value, column) => `${x(column)} ${y(value + MIN_HEIGHT * loudest)}`);
  const below = lows.map((value, column) => `${x(column)} ${y(value - MIN_HEIGHT * loudest)}`).reverse();
  return `M${above.concat(below).join("L")}Z`;
}

/**
 * The points of the line of one label or dimension, in a box of 600 × 1 in which 1 is the top.
 *
 * @param {{start: number, end: number, smoothed: number[]}[]} windows
 * @param {number} label
 * @param {number} seconds How much the width stands for.
 */
export function linePoints(windows, label, seconds) {
  const middle = ({ start, end }) => (((start + end) / 2 / seconds) * WIDTH).toFixed(2);
  return windows.map((window) => `${middle(window)},${(1 - window.smoothed[label]).toFixed(4)}`).join(" ");
}
