// Times between the API and fields of the type `datetime-local`.

/** The time in a field as the API takes it; null where the field is empty. */
export const timeOf = field => field.value ? new Date(field.value).toISOString() : null;

/** What a field shows for a time of the API. */
export function localTime(time) {
  if (!time) return "";
  const at = new Date(time);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
