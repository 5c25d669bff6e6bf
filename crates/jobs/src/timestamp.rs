//! [`timestamp`]: times as text.

use std::time::{SystemTime, UNIX_EPOCH};

use arrow_array::temporal_conversions::timestamp_ms_to_datetime;

/// Returns `time` in UTC to the millisecond, as RFC 3339 has it: `2026-03-31T22:00:04.127Z`.
pub fn timestamp(time: SystemTime) -> String {
    let millis = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    let datetime = timestamp_ms_to_datetime(i64::try_from(millis).unwrap_or(i64::MAX)).unwrap_or_default();
    datetime.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn times_are_utc_to_the_millisecond() {
        assert_eq!(timestamp(UNIX_EPOCH), "1970-01-01T00:00:00.000Z");
        let time = UNIX_EPOCH + Duration::from_millis(1_774_994_404_127);
        assert_eq!(timestamp(time), "2026-03-31T22:00:04.127Z");
    }
}
