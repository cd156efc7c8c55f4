// Power over the last hour, day and 30 days.

import uPlot from "uplot";
import { fill, h } from "./dom.js";
import { get } from "./api.js";
import { watts } from "./numbers.js";

const kSpans = [["hour", "Hour"], ["day", "Day"], ["month", "30 days"]];

export function plotCard() {
  let meter = "";
  let span = "hour";
  let chart = null;
  const place = h("div", { class: "plot", role: "img", "aria-label": "No readings yet" });
  const words = h("p", { class: "small quiet" });
  const choice = h("select", { "aria-label": "Meter", onchange: (event) => { meter = event.target.value; draw(); } });
  const buttons = kSpans.map(([name, label]) =>
    h("button", { type: "button", "aria-pressed": String(name === span), onclick: () => choose(name) }, label));
  const element = h("section", { class: "card", "aria-label": "Power history" },
    h("div", { class: "row spread" }, h("h2", {}, "Power"), h("div", { class: "row" }, choice, buttons)), place, words);

  function choose(name) {
    span = name;
    kSpans.forEach(([other], i) => buttons[i].setAttribute("aria-pressed", String(other === name)));
    draw();
  }

  async function draw() {
    if (!meter) return;
    let data;
    try {
      data = await get("/api/history", { meter, span });
    } catch {
      return;
    }
    const known = data.power.filter((value) => value !== null);
    if (chart) chart.destroy();
    chart = null;
    if (known.length === 0) {
      fill(place, h("p", { class: "quiet" }, "Nothing has been recorded yet."));
      words.textContent = "";
      return;
    }
    const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
    const text = `Lowest ${watts(Math.min(...known))}, mean ${watts(mean)}, highest ${watts(Math.max(...known))}`;
    words.textContent = text;
    place.setAttribute("aria-label", `Power of ${meter}, ${kSpans.find(([name]) => name === span)[1]}. ${text}`);
    fill(place);
    chart = new uPlot(options(place.clientWidth), [data.time, data.power], place);
  }

  function options(width) {
    const style = getComputedStyle(document.documentElement);
    const color = (name) => style.getPropertyValue(name).trim();
    const axis = { stroke: color("--quiet"), grid: { stroke: color("--line"), width: 1 }, ticks: { stroke: color("--line"), width: 1 } };
    return {
      width, height: 260, legend: { live: true },
      scales: { x: { range: (u, low, high) => low === high ? [low - 60, high + 60] : [low, high] }, y: { range: (u, low, high) => [Math.min(0, low), Math.max(10, high * 1.05)] } },
      axes: [axis, { ...axis, size: 64, values: (u, ticks) => ticks.map((tick) => watts(tick)) }],
      series: [{ value: (u, at) => at === null ? "" : new Date(at * 1000).toLocaleString() },
        { label: "Power", stroke: color("--plot"), width: 1.5, fill: color("--plot") + "22", spanGaps: false, points: { show: false },
          value: (u, value) => value === null ? "–" : watts(value) }],
    };
  }

  const resized = new ResizeObserver(() => { if (chart) chart.setSize({ width: place.clientWidth, height: 260 }); });
  resized.observe(place);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", draw);
  const timer = setInterval(draw, 30000);

  return { element, show(meters) {
    const names = meters.map((one) => one.name);
    if (names.join("\n") === [...choice.options].map((option) => option.value).join("\n")) return;
    fill(choice, names.map((name) => h("option", { value: name }, name)));
    choice.hidden = names.length < 2;
    meter = names[0] ?? "";
    draw();
  }, end() {
    clearInterval(timer);
    resized.disconnect();
    dark.removeEventListener("change", draw);
    if (chart) chart.destroy();
  } };
}
