/** Zones, each with times at which its clock or its calendar does something. */
export const PLACES: [zone: string, ...times: string[]][] = [
  ["UTC", "1969-12-31T23:59:59Z", "2024-02-29T12:00:00Z", "2000-02-29T00:00:00Z", "2026-01-01T00:00:00Z"],
  ["Europe/Amsterdam", "2025-03-30T01:00:00Z", "2025-10-26T01:00:00Z", "2024-12-29T23:00:00Z"],
  ["America/New_York", "2025-03-09T07:00:00Z", "2025-11-02T06:00:00Z", "2024-02-29T05:00:00Z"],
  ["Asia/Kolkata", "2025-12-31T18:30:00Z", "2024-02-28T18:30:00Z"],
  ["Asia/Kathmandu", "2025-12-31T18:15:00Z", "1985-12-31T18:30:00Z"],
  ["Australia/Lord_Howe", "2025-04-05T15:00:00Z", "2025-10-04T15:30:00Z"],
  ["Atlantic/Azores", "2025-10-26T01:00:00Z"],
  ["Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z"],
  ["America/Sao_Paulo", "2017-10-15T03:00:00Z", "2018-02-18T02:00:00Z"],
  ["America/St_Johns", "2009-11-01T02:31:00Z", "2010-03-14T03:31:00Z"],
];
