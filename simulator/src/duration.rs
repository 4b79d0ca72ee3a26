//! Durations as people write them.

use std::time::Duration;

/// Reads `5s`, `500ms`, `1.5m`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let split = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let seconds_of_unit = match unit {
        "ms" => 0.001,
        "s" | "" => 1.0,
        "m" => 60.0,
        _ => f64::NAN,
    };
    let seconds = number.parse::<f64>().unwrap_or(f64::NAN) * seconds_of_unit;
    let duration = (0.001..=86_400.0).contains(&seconds).then(|| Duration::from_secs_f64(seconds));
    duration.ok_or_else(|| "a duration is 1ms to 1440m, for example 5s or 500ms".to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_have_units() {
        assert_eq!(duration("5s"), Ok(Duration::from_secs(5)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("1.5m"), Ok(Duration::from_secs(90)));
        for text in ["", "s", "0s", "-1s", "5h", "inf", "2000m"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(milliseconds in 1_u64..86_400_000) {
            prop_assert_eq!(duration(&format!("{milliseconds}ms")), Ok(Duration::from_millis(milliseconds)));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[-+0-9.e]{0,12}[a-z]{0,3}|.{0,20}") {
            if let Ok(duration) = duration(&text) {
                prop_assert!((Duration::from_millis(1)..=Duration::from_secs(86_400)).contains(&duration));
            }
        }
    }
}
