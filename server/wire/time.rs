//! Points in time as text: UTC in ISO 8601 with milliseconds, as the `server-time` tag wants it.
//!
//! Pure functions. Std has a clock but no calendar, so the calendar is here.

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds of a day.
pub const DAY: u64 = 24 * 60 * 60;

/// Seconds since 1970, as several numerics give it; 0 for a clock set before that.
pub fn unix_seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// `2026-11-21T09:30:00.123Z` (ISO 8601; `IRCv3` server-time).
pub fn iso8601(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (seconds, millis) = (since.as_secs(), since.subsec_millis());
    let (year, month, day) = civil(seconds / DAY);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

/// Whether a text is a point in time as [`iso8601`] writes it, with fractions of any length or none.
pub fn is_iso8601(text: &str) -> bool {
    let Some((moment, fraction)) = text.strip_suffix('Z').and_then(|text| text.split_at_checked(19)) else {
        return false;
    };
    let shape = moment.bytes().map(|byte| if byte.is_ascii_digit() { b'0' } else { byte });
    let is_fraction = fraction.is_empty() || fraction.len() > 1 && fraction.starts_with('.');
    let part = |at: usize| moment.get(at..at + 2).and_then(|digits| digits.parse::<u8>().ok()).unwrap_or(u8::MAX);
    shape.eq(*b"0000-00-00T00:00:00")
        && is_fraction
        && fraction.bytes().skip(1).all(|byte| byte.is_ascii_digit())
        && (1..=12).contains(&part(5))
        && (1..=31).contains(&part(8))
        && part(11) < 24
        && part(14) < 60
        && part(17) < 60
}

/// Year, month and day of the Gregorian calendar, `days` after 1970-01-01.
///
/// Years are counted from March, so that the leap day is the last of its year, in eras of 400
/// years, after which the calendar repeats.
fn civil(days: u64) -> (u64, u64, u64) {
    const DAYS_TO_MARCH_OF_YEAR_0: u64 = 719_468;
    const ERA: u64 = 146_097;
    let days = days + DAYS_TO_MARCH_OF_YEAR_0;
    let (era, day_of_era) = (days / ERA, days % ERA);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn dates() {
        let at = |seconds, millis| iso8601(UNIX_EPOCH + Duration::from_secs(seconds) + Duration::from_millis(millis));
        assert_eq!(at(0, 0), "1970-01-01T00:00:00.000Z");
        assert_eq!(at(951_782_399, 999), "2000-02-28T23:59:59.999Z");
        assert_eq!(at(951_782_400, 5), "2000-02-29T00:00:00.005Z");
        assert_eq!(at(1_735_689_599, 0), "2024-12-31T23:59:59.000Z");
        assert_eq!(at(4_107_542_400, 0), "2100-03-01T00:00:00.000Z");
    }

    #[test]
    fn what_is_no_date_is_known() {
        for time in ["1970-01-01T00:00:00.000Z", "2026-11-27T23:59:59Z", "2026-11-27T23:59:59.123456Z"] {
            assert!(is_iso8601(time), "{time}");
        }
        for other in [
            "",
            "Z",
            "garbage",
            "2026-11-27",
            "2026-13-27T23:59:59Z",
            "2026-00-27T23:59:59Z",
            "2026-11-32T23:59:59Z",
            "2026-11-27T24:00:00Z",
            "2026-11-27T23:60:00Z",
            "2026-11-27T23:59:60Z",
            "2026-11-27T23:59:59.Z",
            "2026-11-27T23:59:59,5Z",
            "2026-11-27T23:59:59+01:00",
            "2026-11-27 23:59:59Z",
            "2026-11-27T23:59:5\u{e9}Z",
        ] {
            assert!(!is_iso8601(other), "{other}");
        }
    }
}
