/** As wide as a picture on a page is shown sharply. */
const COLUMN = 60;
const ROW = 36;
const GAP = 8;

const COLORS = ['#73bf69', '#f2cc0c', '#5794f2', '#ff9830', '#f2495c', '#b877d9', '#8ab8ff', '#ffa6b0', '#96d98d', '#e0b400'];

const UNITS = {
  s: (value) => (value === 0) ? '0 s' : (value < 0.001) ? `${round(value * 1e6)} µs` : (value < 1) ? `${round(value * 1000)} ms` : `${round(value)} s`,
  bytes: (value) => (value < 1024) ? `${round(value)} B` : (value < 1024 ** 2) ? `${round(value / 1024)} KiB` : `${round(value / 1024 ** 2)} MiB`,
  percentunit: (value) => `${round(value * 100)}%`,
  ops: (value) => `${round(value)}/s`,
};

/**
 * Draw the panels where Grafana would put them, plainly: what there is to see are the numbers.
 * @param panels those of the dashboard, each with its `series`
 * @param about a line for the top
 * @returns `{html, width, height}`
 */
export function draw(panels, about) {
  const width = 24 * COLUMN + 2 * GAP;
  const height = 44 + Math.max(...panels.map(({ gridPos: { y, h } }) => y + h)) * ROW + GAP;
  const times = panels.flatMap(({ series = [] }) => series).flatMap(({ values }) => values.map(([time]) => time));
  const range = [times.reduce((a, b) => Math.min(a, b)), times.reduce((a, b) => Math.max(a, b))];
  const html = `<!doctype html><meta charset="utf-8"><style>
    body { margin: 0; background: #111217; color: #ccccdc; font: 12px/1.3 sans-serif }
    div { position: absolute; box-sizing: border-box; overflow: hidden }
    .panel { background: #181b1f; border: 1px solid #2b2e34; border-radius: 3px; padding: 6px 8px }
    .row { font-size: 15px; padding: 8px 0 } h2 { font-size: 12px; font-weight: 600; margin: 0 0 2px }
    .stat { display: inline-block; margin-right: 18px; font-size: 28px; position: static } .stat small { display: block; font-size: 11px; color: #9a9aa5 }
    .legend { position: absolute; bottom: 5px; left: 8px; right: 8px; font-size: 10.5px; line-height: 14px }
    .legend i { display: inline-block; width: 10px; height: 3px; margin: 0 4px 3px 0 } .legend span { margin-right: 10px; white-space: nowrap; display: inline-block }
    text { fill: #9a9aa5; font: 10px sans-serif }
    </style><div style="left:${GAP}px;top:10px;font-size:18px">mcp-persist <span style="font-size:12px;color:#9a9aa5">&nbsp; ${escape(about)}</span></div>
    ${panels.map((panel) => drawPanel(panel, range)).join('\n')}`;
  return { html, width, height };
}

function drawPanel(panel, range) {
  const { x, y, w, h } = panel.gridPos;
  const size = { width: w * COLUMN - GAP, height: h * ROW - GAP };
  const place = `left:${GAP + x * COLUMN}px;top:${44 + y * ROW}px;width:${size.width}px;height:${size.height}px`;
  if (panel.type === 'row') {
    return `<div class="row" style="${place};height:${ROW}px">${escape(panel.title)}</div>`;
  }
  const body = (panel.type === 'stat') ? panel.series.map((series) => drawStat(panel, series)).join('') : drawLines(panel, size, range);
  return `<div class="panel" style="${place}"><h2>${escape(panel.title)}</h2>${body}</div>`;
}

function drawStat({ fieldConfig: { defaults }, series: all }, { name, values }) {
  const value = values.at(-1)[1];
  const mapping = defaults.mappings[0]?.options[value];
  const color = mapping?.color ?? defaults.thresholds.steps.filter((step) => step.value === null || value >= step.value).at(-1).color;
  const text = mapping?.text ?? String(Math.round(value));
  return `<div class="stat" style="color:${(color === 'red') ? '#f2495c' : '#73bf69'}">${(all.length > 1) ? `<small>${escape(name)}</small>` : ''}${escape(text)}</div>`;
}

function drawLines({ series, fieldConfig: { defaults } }, { width, height }, [from, to]) {
  const unit = UNITS[defaults.unit] ?? round;
  const stacked = defaults.custom.stacking.mode === 'normal';
  const lines = stacked ? stack(series) : series;
  const top = defaults.max ?? nice(Math.max(...lines.flatMap(({ values }) => values.map(([, value]) => Number.isFinite(value) ? value : 0))), defaults.unit);
  const legendLines = Math.ceil(series.reduce((sum, { name }) => sum + name.length * 6 + 30, 0) / (width - 30));
  const area = { left: 52, top: 6, width: width - 70, height: height - 56 - 14 * legendLines };
  const px = (time) => area.left + ((time - from) / (to - from)) * area.width;
  const py = (value) => area.top + area.height - (value / top) * area.height;
  const grid = [0, 0.25, 0.5, 0.75, 1].filter((part) => defaults.decimals !== 0 || Number.isInteger(part * top)).map((part) => {
    const at = py(part * top);
    return `<line x1="${area.left}" x2="${area.left + area.width}" y1="${at}" y2="${at}" stroke="#2b2e34"/><text x="${area.left - 6}" y="${at + 3}" text-anchor="end">${escape(unit(part * top))}</text>`;
  }).join('');
  const ticks = [0, 1 / 3, 2 / 3, 1].map((part) => {
    const time = from + part * (to - from);
    return `<text x="${px(time)}" y="${area.top + area.height + 14}" text-anchor="${(part === 1) ? 'end' : 'middle'}">${Math.round(time - from)} s</text>`;
  }).join('');
  const step = defaults.custom.lineInterpolation === 'stepAfter';
  const paths = lines.map(({ values }, index) => {
    let drawn = '';
    let last;
    for (const [time, value] of values) {
      if (!Number.isFinite(value)) {
        last = undefined;
        continue;
      }
      const gap = last === undefined || time - last > 6;
      const at = `${px(time).toFixed(1)},${py(value).toFixed(1)}`;
      drawn += gap ? `M${at}` : step ? `H${px(time).toFixed(1)}L${at}` : `L${at}`;
      last = time;
    }
    return `<path d="${drawn}" fill="none" stroke="${COLORS[index % COLORS.length]}" stroke-width="1.5" stroke-linecap="round"/>`;
  }).join('');
  const legend = series.map(({ name }, index) => `<span><i style="background:${COLORS[index % COLORS.length]}"></i>${escape(name)}</span>`).join('');
  return `<svg width="${width - 16}" height="${height - 42 - 14 * legendLines + 10}">${grid}${ticks}${paths}</svg><div class="legend">${legend}</div>`;
}

/** Each series on top of those before it. */
function stack(series) {
  const sums = new Map();
  return series.map(({ name, values }) => ({
    name, values: values.map(([time, value]) => {
      const sum = (sums.get(time) ?? 0) + (Number.isFinite(value) ? value : 0);
      sums.set(time, sum);
      return [time, sum];
    }),
  }));
}

/** The end of an axis. */
function nice(value, unit) {
  if (value <= 0) {
    return 1;
  }
  if (unit === 'bytes') {
    return 2 ** Math.ceil(Math.log2(value));
  }
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 6, 8, 10].map((factor) => factor * power).find((candidate) => candidate >= value);
}

function round(value) {
  return String(Number(value.toPrecision(3)));
}

function escape(text) {
  return String(text).replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
