//! Times as text, as challenges, histories and the meta API show them: RFC 3339, always in UTC.
//!
//! Nothing here knows what time it is. Times are counted in microseconds, which is as fine as they are written, so that
//! a time that a peer was told and sends back is the same time. Invariant: every [`Timestamp`] has a text, and that text
//! reads as the same timestamp.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A point in time, to the microsecond, in the years 0 to 9999, which are all that RFC 3339 can write.
///
/// ```
/// use serverwamp_proto::timestamp::Timestamp;
///
/// let time: Timestamp = "2026-11-22T12:00:00.123456789+02:00".parse()?;
/// assert_eq!(time.to_string(), "2026-11-22T10:00:00.123456Z");
/// # Ok::<(), serverwamp_proto::timestamp::InvalidTimestamp>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Timestamp {
    /// Between `MIN` and `MAX`.
    unix_micros: i64,
}

/// A text is no time: it does not have the form of RFC 3339, names a day or an hour that does not exist, or lies outside
/// the years 0 to 9999.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("expected an RFC 3339 time such as 2014-06-22T16:36:25.448Z: {reason}")]
pub struct InvalidTimestamp {
    reason: String,
}

impl Timestamp {
    /// The beginning of the year 0.
    pub const MIN: Self = Self { unix_micros: -62_167_219_200_000_000 };

    /// The last microsecond of the year 9999.
    pub const MAX: Self = Self { unix_micros: 253_402_300_799_999_999 };

    /// The time `micros` microseconds after the beginning of 1970, or before it. A time outside the range becomes its end.
    pub const fn from_unix_micros(micros: i64) -> Self {
        if micros < Self::MIN.unix_micros {
            return Self::MIN;
        }
        if micros > Self::MAX.unix_micros { Self::MAX } else { Self { unix_micros: micros } }
    }

    /// So long after the beginning of 1970. Fractions of a microsecond are cut off.
    pub fn from_unix(since_1970: Duration) -> Self {
        Self::from_unix_micros(i64::try_from(since_1970.as_micros()).unwrap_or(i64::MAX))
    }

    /// Microseconds since the beginning of 1970.
    pub const fn unix_micros(self) -> i64 {
        self.unix_micros
    }

    /// Writes it with so many digits behind the point as `fraction` has, which is made from the microsecond.
    fn write(self, fraction: impl FnOnce(i64) -> String) -> String {
        let (seconds, micros) =
            (self.unix_micros.div_euclid(1_000_000), self.unix_micros.rem_euclid(1_000_000));
        let at =
            OffsetDateTime::from_unix_timestamp(seconds).expect("a timestamp lies in the years 0 to 9999");
        written(at, &fraction(micros))
    }
}

/// The text of a time with `fraction` behind the point; no point if that is empty.
fn written(at: OffsetDateTime, fraction: &str) -> String {
    let ((year, month, day), (hour, minute, second)) =
        ((at.year(), u8::from(at.month()), at.day()), at.to_hms());
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{point}{fraction}Z")
}

/// The text of a time to the nanosecond, with as many digits as it needs: `2014-06-22T16:36:25.448Z`. `None` outside the
/// years 0 to 9999, and for more nanoseconds than a second has.
pub(crate) fn rfc3339(unix_seconds: i64, nanos: u32) -> Option<String> {
    let at = OffsetDateTime::from_unix_timestamp(unix_seconds).ok().filter(|at| at.year() >= 0)?;
    let fraction = if nanos == 0 { String::new() } else { format!("{nanos:09}") };
    (nanos < 1_000_000_000).then(|| written(at, fraction.trim_end_matches('0')))
}

/// In UTC with six digits behind the point: `2026-11-22T10:00:00.123456Z`. Texts sort as the times do.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.write(|micros| format!("{micros:06}")))
    }
}

/// Reads RFC 3339 with any offset and any number of digits behind the point; those past the sixth are cut off. A space
/// may stand for the `T`, and a leap second counts to the second before it.
impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        let at = OffsetDateTime::parse(text, &Rfc3339)
            .map_err(|error| InvalidTimestamp { reason: error.to_string() })?;
        // The parser takes any separator between date and time; RFC 3339 has these.
        if !matches!(text.as_bytes().get(10), Some(b'T' | b't' | b' ')) {
            return Err(InvalidTimestamp { reason: "no T between the date and the time".to_owned() });
        }
        i64::try_from(at.unix_timestamp_nanos().div_euclid(1000))
            .ok()
            .map(|unix_micros| Self { unix_micros })
            .filter(|time| (Self::MIN..=Self::MAX).contains(time))
            .ok_or_else(|| InvalidTimestamp { reason: "not in the years 0 to 9999 of UTC".to_owned() })
    }
}

/// As its text.
impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Formats milliseconds since 1970 as RFC 3339 in UTC: `2014-06-22T16:36:25.448Z`, with three digits as in the
/// specification's challenges. A time after the year 9999 becomes its end.
pub fn format_timestamp(unix_millis: u64) -> String {
    Timestamp::from_unix(Duration::from_millis(unix_millis)).write(|micros| format!("{:03}", micros / 1000))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: i64 = 1_000_000;

    fn read(text: &str) -> Option<i64> {
        text.parse().ok().map(Timestamp::unix_micros)
    }

    #[test]
    fn timestamps_are_rfc_3339() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_403_454_985_448, "2014-06-22T16:36:25.448Z"),
            (1_709_251_199_000, "2024-02-29T23:59:59.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            (u64::MAX, "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(format_timestamp(millis), text);
        }
    }

    #[test]
    fn meta_12_times_are_written_in_utc_with_six_digits() {
        for (micros, text) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
            (1_403_454_985_448_001, "2014-06-22T16:36:25.448001Z"),
            (i64::MIN, "0000-01-01T00:00:00.000000Z"),
            (i64::MAX, "9999-12-31T23:59:59.999999Z"),
        ] {
            assert_eq!(Timestamp::from_unix_micros(micros).to_string(), text);
        }
        let time = Timestamp::from_unix(Duration::from_nanos(1_999_999_999));
        assert_eq!(serde_json::to_string(&time).unwrap(), r#""1970-01-01T00:00:01.999999Z""#);
        assert_eq!(Timestamp::from_unix(Duration::MAX), Timestamp::MAX);
    }

    #[test]
    fn hist_07_offsets_and_fractions_are_read() {
        let noon = 1_795_341_600 * SECOND;
        for (text, micros) in [
            ("2026-11-22T10:00:00Z", noon),
            ("2026-11-22t10:00:00z", noon),
            ("2026-11-22 10:00:00Z", noon),
            ("2026-11-22T10:00:00+00:00", noon),
            ("2026-11-22T10:00:00-00:00", noon),
            ("2026-11-22T12:00:00+02:00", noon),
            ("2026-11-21T10:01:00-23:59", noon),
            ("2026-11-22T10:00:00.5Z", noon + 500_000),
            ("2026-11-22T10:00:00.000001Z", noon + 1),
            ("2026-11-22T10:00:00.1234567891234Z", noon + 123_456),
            ("2024-02-29T00:00:00Z", 1_709_164_800 * SECOND),
            ("1969-12-31T23:59:59.9999999Z", -1),
            ("2016-12-31T23:59:60Z", 1_483_228_800 * SECOND - 1),
            ("0000-01-01T00:00:00Z", Timestamp::MIN.unix_micros()),
            ("9999-12-31T23:59:59.999999Z", Timestamp::MAX.unix_micros()),
        ] {
            assert_eq!(read(text), Some(micros), "{text}");
        }
    }

    #[test]
    fn hist_07_what_is_no_time_is_refused() {
        for text in [
            "",
            "yesterday",
            "2026-11-22",
            "2026-11-22T10:00:00",
            "2026-11-22T10:00Z",
            "2026-11-22x10:00:00Z",
            "2026-11-22T10:00:00.Z",
            "2026-11-22T10:00:00,5Z",
            "2026-11-22T10:00:00+0200",
            "2026-11-22T10:00:00+24:00",
            "2026-11-22T10:00:00+02:60",
            "2026-11-22T10:00:00Z ",
            " 2026-11-22T10:00:00Z",
            "2026-11-22T24:00:00Z",
            "2026-11-22T10:60:00Z",
            "2026-11-22T10:00:60Z",
            "2026-11-31T10:00:00Z",
            "2026-02-29T10:00:00Z",
            "2100-02-29T10:00:00Z",
            "2026-13-01T10:00:00Z",
            "2026-00-01T10:00:00Z",
            "2026-11-00T10:00:00Z",
            "-2026-11-22T10:00:00Z",
            "+12026-11-22T10:00:00Z",
            "26-11-22T10:00:00Z",
            "2026-11-22T10:00:0١Z",
            "1795341600",
            "0000-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59-00:01",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        let error = "2026-02-29T10:00:00Z".parse::<Timestamp>().unwrap_err().to_string();
        assert!(error.starts_with("expected an RFC 3339 time") && error.contains("day"), "{error}");
    }

    proptest! {
        #[test]
        fn hist_07_a_time_that_is_sent_back_is_the_same_time(
            micros in -62_167_219_200_000_000_i64..253_402_300_800_000_000,
            other in -10_i64..10,
        ) {
            let time = Timestamp::from_unix_micros(micros);
            prop_assert_eq!(time.to_string().parse(), Ok(time));
            let near = Timestamp::from_unix_micros(time.unix_micros() + other);
            prop_assert_eq!(time.to_string().cmp(&near.to_string()), time.cmp(&near));
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "[0-9TtZz:.+\\- é]{0,40}|[0-9]{4}-[0-9]{2}-[0-9]{2}.[0-9]{2}:[0-9]{2}:[0-9]{2}Z") {
            if let Ok(time) = text.parse::<Timestamp>() {
                prop_assert_eq!(time.to_string().parse(), Ok(time));
            }
        }
    }
}
