// Labels of the catalogue, and numbers in the reader's language.
const catalogue = JSON.parse(document.getElementById("labels").textContent);
export const language = document.documentElement.lang;
const locale = { en: "en-GB", bn: "bn-BD", vi: "vi-VN" }[language] ?? language;
const number = (options) => new Intl.NumberFormat(locale, options);
const formats = {
  percent: number({ style: "percent", maximumFractionDigits: 0 }),
  metres: number({ minimumFractionDigits: 2, maximumFractionDigits: 2 }),
  count: number({ maximumFractionDigits: 0 }),
  degrees: number({ minimumFractionDigits: 4, maximumFractionDigits: 4 }),
  years: number({ maximumFractionDigits: 1 }),
  score: number({ minimumFractionDigits: 2, maximumFractionDigits: 2 }),
  size: number({ maximumSignificantDigits: 2 }),
};
const amounts = (currency) => number({ style: "currency", currency, notation: "compact", compactDisplay: "long", maximumSignificantDigits: 2 });
const moments = new Intl.DateTimeFormat(locale, {
  day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: "UTC",
});
const locals = new Intl.DateTimeFormat(locale, {
  weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short",
});
const relative = new Intl.RelativeTimeFormat(locale, { numeric: "always" });

export function translate(key, values = {}) {
  return catalogue[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

export function nameOf(kind, name) {
  return catalogue[`${kind}_${name}`] ?? name.replaceAll("_", " ");
}

export const numbers = {
  percent: (share) => (share < 0.01 ? `< ${formats.percent.format(0.01)}` : share > 0.99 ? `> ${formats.percent.format(0.99)}` : formats.percent.format(share)),
  share: (share) => (share > 0 && share < 0.005 ? `< ${formats.percent.format(0.01)}` : share < 1 && share > 0.995 ? `> ${formats.percent.format(0.99)}` : formats.percent.format(share)),
  points: (share) => number({ style: "percent", maximumFractionDigits: 1, signDisplay: "exceptZero" }).format(share),
  metres: (length) => `${formats.metres.format(length)}\u00a0m`,
  money: (amount, unit = document.body.dataset.currency) => amounts(unit.slice(0, 3)).format(amount),
  count: (count) => formats.count.format(count),
  years: (years) => formats.years.format(years),
  place: (latitude, longitude) => `${formats.degrees.format(Math.abs(latitude))}° ${latitude < 0 ? "S" : "N"}, ${formats.degrees.format(Math.abs(longitude))}° ${longitude < 0 ? "W" : "E"}`,
  score: (score) => formats.score.format(score),
  hours: (hours) => `${formats.count.format(hours)}\u00a0h`,
  bytes: (size) => (size >= 1e6 ? `${formats.size.format(size / 1e6)}\u00a0MB` : `${formats.size.format(Math.max(size / 1e3, 1))}\u00a0kB`),
  moment: (time) => `${moments.format(new Date(time))}\u00a0UTC`,
  /** In the reader's own time zone, which is named. */
  local: (time) => locals.format(new Date(time)),
  hour: (time) => new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: "UTC" }).format(time),
  day: (time) => new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", timeZone: "UTC" }).format(time),
  ago(time) {
    const hours = (new Date(time) - Date.now()) / 3.6e6;
    if (Math.abs(hours) < 1) return relative.format(Math.round(hours * 60), "minute");
    return Math.abs(hours) < 48 ? relative.format(Math.round(hours), "hour") : relative.format(Math.round(hours / 24), "day");
  },
};

/** Write the numbers and times below `root` in the reader's language; the server writes them in English. */
export function localise(root) {
  for (const each of root.querySelectorAll("data[data-as]")) each.textContent = numbers[each.dataset.as](Number(each.value));
  for (const each of root.querySelectorAll("time")) {
    each.textContent = each.dataset.as === "ago" ? numbers.ago(each.dateTime) : numbers.moment(each.dateTime);
  }
}
