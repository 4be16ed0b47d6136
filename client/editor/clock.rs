//! Local times and days.
//!
//! Pure, but for the clock, and for the offset from UTC, which the system says when the program starts.

use time::{Date, Month, OffsetDateTime, Time, UtcOffset};

/// Turns moments into local times.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    offset: UtcOffset,
}

impl Clock {
    /// Has to be called before there is another thread; later the system does not say the offset.
    pub fn local() -> Clock {
        Clock { offset: UtcOffset::current_local_offset().unwrap_or(UtcOffset::UTC) }
    }

    #[cfg(test)]
    pub fn at(hours: i8) -> Clock {
        Clock { offset: UtcOffset::from_hms(hours, 0, 0).unwrap() }
    }

    pub fn now(self) -> OffsetDateTime {
        OffsetDateTime::now_utc().to_offset(self.offset)
    }

    /// The moment that a server names (`server-time`: `2026-11-25T09:30:00.000Z`).
    pub fn of(self, named: &str) -> Option<OffsetDateTime> {
        let number = |at: std::ops::Range<usize>| named.get(at)?.parse::<u16>().ok();
        let small = |at| u8::try_from(number(at)?).ok();
        let month = Month::try_from(small(5..7)?).ok()?;
        let date = Date::from_calendar_date(number(0..4)?.into(), month, small(8..10)?).ok()?;
        let time = Time::from_hms(small(11..13)?, small(14..16)?, small(17..19)?).ok()?;
        // At the ends of the calendar there is no other time zone.
        date.with_time(time).assume_utc().checked_to_offset(self.offset)
    }
}

/// Columns of a time and the space behind it.
pub const TIME: usize = "09:30 ".len();

/// Whether a line begins with a time.
pub fn starts_with_time(line: &str) -> bool {
    let is = |(byte, sign): (u8, &u8)| if *sign == b'0' { byte.is_ascii_digit() } else { byte == *sign };
    line.len() > TIME && line.bytes().zip(b"00:00 ").all(is)
}

/// `09:30`
pub fn minutes(moment: OffsetDateTime) -> String {
    format!("{:02}:{:02}", moment.hour(), moment.minute())
}

/// `Wednesday, 25 November 2026`
pub fn day(date: Date) -> String {
    format!("{}, {} {} {}", date.weekday(), date.day(), date.month(), date.year())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_time_is_shown_as_the_local_one() {
        let moment = Clock::at(2).of("2026-11-25T23:30:00.000Z").unwrap();
        assert_eq!((minutes(moment), day(moment.date())), ("01:30".into(), "Thursday, 26 November 2026".into()));
        for wrong in ["", "2026-11-25", "2026-13-25T23:30:00Z", "2026-11-25T25:30:00Z", "2026-11-25Té:30:00Z"] {
            assert_eq!(Clock::at(0).of(wrong), None, "{wrong}");
        }
    }
}
