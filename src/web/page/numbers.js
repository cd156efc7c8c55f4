// Numbers as people of this browser's language read them.

const format = (digits) => new Intl.NumberFormat(undefined, { minimumFractionDigits: digits, maximumFractionDigits: digits });
const kFormats = [0, 1, 2, 3].map(format);

export const kNothing = "–";
export function number(value, digits) {
  return value === null || value === undefined ? kNothing : kFormats[digits].format(value);
}
export function watts(value) {
  return Math.abs(value) >= 10000 ? `${number(value / 1000, 1)} kW` : `${number(value, 0)} W`;
}
export function kilowattHours(value) {
  return value === null ? kNothing : `${number(value, Math.abs(value) >= 1000 ? 1 : 3)} kWh`;
}
