//! Whole numbers, however they are written. JSON knows one kind of number, so `30`, `30.0` and `3e1` are the same; some clients
//! write all of theirs with a point.

use serde::de::{Deserialize, Deserializer, Error};
use serde_json::Number;

/// The number that is written, where it is whole; beyond 38 digits it is as far out of any range as can be.
pub fn whole_number(text: &str) -> Option<i128> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (is_negative, digits) = match mantissa.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, mantissa),
    };
    let (before, after) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = is_digits(before)
        && (after.is_empty() != digits.contains('.'))
        && (after.is_empty() || is_digits(after))
        && is_digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent));
    is_number.then_some(())?;
    let magnitude = shifted(before, after, exponent.parse().unwrap_or(i64::MAX))?;
    Some(if is_negative { -magnitude } else { magnitude })
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The digits before and after a point that is moved to the right.
fn shifted(before: &str, after: &str, exponent: i64) -> Option<i128> {
    let digits = format!("{before}{after}");
    let significant = digits.trim_end_matches('0');
    if significant.is_empty() {
        return Some(0);
    }
    // So many zeros follow what is significant; where fewer than none do, something is left behind the point.
    let trailing = (digits.len() - significant.len()) as i64 - after.len() as i64;
    let zeros = trailing.saturating_add(exponent);
    let zeros = u32::try_from(zeros.min(i64::from(u32::MAX))).ok()?;
    let scaled = significant.parse::<i128>().ok().zip(10_i128.checked_pow(zeros));
    Some(scaled.and_then(|(digits, scale)| digits.checked_mul(scale)).unwrap_or(i128::MAX))
}

/// Reads a whole number that may be left out or null.
pub fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let Some(number) = Option::<Number>::deserialize(deserializer)? else { return Ok(None) };
    let whole = whole_number(&number.to_string()).and_then(|number| u32::try_from(number).ok());
    whole
        .map(Some)
        .ok_or_else(|| D::Error::custom(format!("{number} is no whole number from 0 to {}", u32::MAX)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_is_whole_however_it_is_written() {
        for text in ["30", "30.0", "30.000", "3e1", "3E+1", "0.3e2", "300e-1", "3.00e01"] {
            assert_eq!(whole_number(text), Some(30), "{text}");
        }
        assert_eq!(
            [whole_number("-7.0"), whole_number("-0"), whole_number("0e999999999999")],
            [Some(-7), Some(0), Some(0)]
        );
        for text in ["1e999", "9e99999999999999999999", &"9".repeat(1000)] {
            assert_eq!(whole_number(text), Some(i128::MAX), "{text}");
        }
        assert_eq!(whole_number("-1e999"), Some(-i128::MAX));
    }

    #[test]
    fn what_is_not_whole_or_no_number_is_none() {
        for text in [
            "1.5", "1e-1", "-1e-999", "3.01e1", "", "-", ".", "1.", ".5", "+1", "1e", "1e+", "e1", "0x1",
            " 1", "1_0", "NaN", "-inf", "１",
        ] {
            assert_eq!(whole_number(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn numbers_come_out_as_they_went_in(number in any::<i64>(), zeros in 1_usize..5) {
            let expected = Some(i128::from(number));
            prop_assert_eq!(whole_number(&number.to_string()), expected);
            prop_assert_eq!(whole_number(&format!("{number}.{}", "0".repeat(zeros))), expected);
            prop_assert_eq!(whole_number(&format!("{number}{}e-{zeros}", "0".repeat(zeros))), expected);
        }

        #[test]
        fn no_text_makes_it_panic(text in "[-+0-9.eE]{0,40}|.{0,20}") {
            let _ = whole_number(&text);
        }
    }
}
