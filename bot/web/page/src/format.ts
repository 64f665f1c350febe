// Values of the lead as a person writes them.
const LABELS: Record<string, string> = {
  name: "Name", company: "Company", email: "E-mail", phone: "Phone", need: "Need", budget: "Budget",
  team_size: "Team size", timeline: "Timeline", decision_maker: "Decision maker",
  consent_to_contact: "May we contact", meeting: "Meeting",
};

export function label(field: string): string {
  return LABELS[field] ?? (field.charAt(0).toUpperCase() + field.slice(1)).replaceAll("_", " ");
}

export function value(field: string, raw: unknown): string {
  if (raw === null || raw === undefined || raw === "") return "";
  if (typeof raw === "boolean") return raw ? "Yes" : "No";
  if (typeof raw === "number") return raw.toLocaleString("en-US");
  if (typeof raw === "string") return date(raw) ?? raw;
  if (typeof raw === "object" && "min" in raw && "max" in raw) return range(raw as Range);
  return JSON.stringify(raw);
}

type Range = { min: number | null; max: number | null; currency?: string; period?: string | null };

function range({ min, max, currency, period }: Range): string {
  const money = (amount: number) =>
    currency
      ? amount.toLocaleString("en-US", { style: "currency", currency, maximumFractionDigits: 0 })
      : amount.toLocaleString("en-US");
  let text = "";
  if (min !== null && max !== null) text = min === max ? money(min) : `${money(min)} – ${money(max)}`;
  else if (max !== null) text = `up to ${money(max)}`;
  else if (min !== null) text = `from ${money(min)}`;
  const suffix = period === "once" ? "once" : period ? `a ${period}` : "";
  return [text, suffix].filter(Boolean).join(" ");
}

function date(text: string): string | null {
  const parts = text.match(/^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2}))?/);
  if (!parts) return null;
  const [, year, month, day, hour, minute] = parts.map(Number);
  // The wall clock as it was agreed, whatever the browser's own time zone.
  const moment = new Date(Date.UTC(year!, month! - 1, day!, hour || 0, minute || 0));
  const options: Intl.DateTimeFormatOptions = { timeZone: "UTC", weekday: "short", day: "numeric", month: "short", year: "numeric" };
  if (parts[4]) Object.assign(options, { hour: "numeric", minute: "2-digit" });
  return moment.toLocaleString("en-US", options);
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

export function clock(s: number): string {
  const whole = Math.max(0, Math.floor(s));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
