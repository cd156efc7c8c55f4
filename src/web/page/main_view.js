// Main: the seal, the meters as they are now, the plots.

import { fill, h } from "./dom.js";
import { kilowattHours, number, watts } from "./numbers.js";
import { plotCard } from "./plot.js";
import { sealCard } from "./seal.js";

const kColumns = [["voltage", "V", 1], ["current", "A", 3], ["power", "W", 0], ["apparent", "VA", 0, "wide"], ["reactive", "var", 0, "wide"], ["factor", "cos φ", 2]];

function phaseTable(meter) {
  const rows = meter.phases.length > 0 ? meter.phases.map((phase, i) => [`L${i + 1}`, phase]) : [["L", meter.whole]];
  if (meter.phases.length > 0) rows.push(["Sum", meter.whole]);
  const columns = kColumns.filter(([key]) => rows.some(([, values]) => values[key] !== null));
  if (columns.length === 0) return null;
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `Phases of ${meter.name}` }, h("table", {},
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Phase"), columns.map(([, unit, , more = ""]) => h("th", { scope: "col", class: `number ${more}` }, unit)))),
    h("tbody", {}, rows.map(([name, values]) => h("tr", {}, h("th", { scope: "row" }, name),
      columns.map(([key, , digits, more = ""]) => h("td", { class: `number ${more}` }, number(values[key], digits))))))));
}

function meterCard(meter) {
  const power = meter.whole.power;
  const energy = [["Today", meter.today], ["Yesterday", meter.yesterday], ["Total", meter.total]];
  if (meter.exported) energy.push(["Exported", meter.exported]);
  return h("section", { class: "card", "aria-label": `Meter ${meter.name}` },
    h("div", { class: "row spread" }, h("h2", {}, meter.name), h("span", { class: "small quiet" }, meter.model)),
    meter.trouble && h("p", { class: "trouble" }, meter.trouble),
    h("p", { class: "power" }, power === null ? "–" : h("span", {}, watts(power).split(" ")[0], h("small", {}, ` ${watts(power).split(" ")[1]}`)),
      meter.frequency !== null && h("small", {}, `${number(meter.frequency, 2)} Hz`)),
    h("dl", { class: "energy" }, energy.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, kilowattHours(value))))),
    phaseTable(meter));
}

export function mainView() {
  const seal = sealCard();
  const plot = plotCard();
  const meters = h("div", { class: "meters" });
  const element = h("div", {}, seal.element, meters, plot.element);
  return { title: "Main", element, live(values) {
    seal.show(values.seal, values.waiting);
    // Who is reading the table keeps the place; it is filled anew a second after.
    if (!meters.contains(document.activeElement)) fill(meters, values.meters.map(meterCard));
    plot.show(values.meters);
  }, end: plot.end };
}
