//! Whom a log names that cannot be stored, as far as it can be told: also where it is broken off, or no JSON at all.
//!
//! What is refused is kept for its sender. An erasure has to find it there, and after an erasure it must not get there.

use std::collections::BTreeSet;
use std::str::Chars;

use super::fields::Fields;
use super::parse::EXTERNAL_ID_LIMIT;
use crate::store::KEPT_PAYLOAD;
use crate::whole_number::whole_number;

/// The longest name in JSON, every character of it escaped twice over.
const LONGEST_NAME: usize = 16 * EXTERNAL_ID_LIMIT;

/// The most places in a log that are looked at for a name. A log has two; what has hundreds is none, and would cost a second
/// for each batch of them.
const MOST_KEYS: usize = 64;

/// Whom a payload names.
#[derive(Debug, Default)]
pub(super) struct Named {
    /// Everybody, as `ref:<external id>` or `id:<student id>`.
    pub(super) learners: Vec<String>,
    /// Of so many bytes of it. No more may be kept: nobody knows whom the rest names.
    pub(super) within: usize,
}

impl Named {
    /// Nobody, in the whole of it.
    pub(super) fn nobody(payload: &[u8]) -> Self {
        Self { learners: Vec::new(), within: payload.len() }
    }
}

/// Whom a payload names. Only what would be kept is looked through.
pub(super) fn learner_refs(payload: &[u8], fields: &Fields<'_>) -> Named {
    let end = payload.len().min(KEPT_PAYLOAD + LONGEST_NAME);
    let text = String::from_utf8_lossy(&payload[..end]);
    let fields = [(false, fields.student), (true, fields.student_id)];
    let read = fields.into_iter().filter_map(|(is_id, raw)| learner_ref(is_id, raw?.get()));
    let lower_case = text.to_ascii_lowercase();
    let keys = lower_case.match_indices(KEY).take(MOST_KEYS);
    let keys = keys.filter_map(|(at, _)| after_key(&text[at + KEY.len()..]));
    let learners: BTreeSet<String> =
        read.chain(keys.filter_map(|(is_id, value)| learner_ref(is_id, value))).collect();
    let within = next_key(&payload[..end]).unwrap_or(payload.len());
    Named { learners: learners.into_iter().collect(), within }
}

const KEY: &str = "student";

/// Where the first place is that is not looked at.
fn next_key(payload: &[u8]) -> Option<usize> {
    let windows = payload.windows(KEY.len()).enumerate();
    let mut keys = windows.filter(|(_, window)| window.eq_ignore_ascii_case(KEY.as_bytes()));
    keys.nth(MOST_KEYS).map(|(at, _)| at)
}

/// What a text begins with, of so many bytes at most.
fn beginning(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// Whether it is `student_id`, and the value; whatever the quotes are, and also within JSON that was made text of.
fn after_key(rest: &str) -> Option<(bool, &str)> {
    let is_id = rest.get(..3).is_some_and(|ending| ending.eq_ignore_ascii_case("_id"));
    let rest = if is_id { &rest[3..] } else { rest };
    let rest = rest.trim_start_matches(['\\', '"', '\'']).trim_start();
    Some((is_id, rest.strip_prefix([':', '='])?.trim_start()))
}

/// A number is our id, or an external id that somebody forgot to quote; text is an external id whatever it was given as.
fn learner_ref(is_id: bool, value: &str) -> Option<String> {
    let name = name(value)?;
    let id = whole_number(&name).filter(|_| is_id).and_then(|id| i64::try_from(id).ok());
    let is_name = (1..=EXTERNAL_ID_LIMIT).contains(&name.chars().count());
    id.map(|id| format!("id:{id}")).or_else(|| is_name.then(|| format!("ref:{name}")))
}

/// What a value begins with, up to its end or where it breaks off.
fn name(value: &str) -> Option<String> {
    let value = beginning(value, 2 * LONGEST_NAME);
    let quoted = value.trim_start_matches('\\');
    let depth = value.len() - quoted.len();
    if let Some(quote) = quoted.chars().next().filter(|first| matches!(first, '"' | '\'')) {
        let text = &quoted[..1 + end_of_text(&quoted[1..], quote, depth)];
        return Some((0..=depth.min(2)).fold(text[1..].to_owned(), |text, _| unescaped(&text)));
    }
    // Here nothing is escaped.
    let value = beginning(value, 4 * EXTERNAL_ID_LIMIT);
    let bare = value.split([',', '}', ']', '{', '[', '"', '\'', '\\']).next().unwrap_or_default().trim();
    (bare != "null").then(|| unescaped(bare))
}

/// Where a text ends whose quotes stand behind so many backslashes.
fn end_of_text(text: &str, quote: char, depth: usize) -> usize {
    let ends = |at: &usize| {
        let escapes = at - text[..*at].trim_end_matches('\\').len();
        if depth == 0 { escapes.is_multiple_of(2) } else { escapes <= depth }
    };
    let end = text.match_indices(quote).map(|(at, _)| at).find(ends);
    let end = end.map_or(text, |at| &text[..at]);
    if depth == 0 { end.len() } else { end.trim_end_matches('\\').len() }
}

/// Without escapes, and without what no external id can hold.
fn unescaped(text: &str) -> String {
    let mut units = Vec::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(letter) = rest.next() {
        let letter = if letter == '\\' { escaped(&mut rest, &mut units) } else { Some(letter) };
        if let Some(letter) = letter {
            units.extend_from_slice(letter.encode_utf16(&mut [0; 2]));
        }
    }
    let letters = char::decode_utf16(units).filter_map(Result::ok);
    letters.filter(|it| !it.is_control() && *it != char::REPLACEMENT_CHARACTER).collect()
}

/// What an escape stands for, unless it is a control character or (written at once) half of a letter.
fn escaped(rest: &mut Chars<'_>, units: &mut Vec<u16>) -> Option<char> {
    match rest.next()? {
        'u' => {
            let digits = rest.as_str().get(..4)?;
            units.push(u16::from_str_radix(digits, 16).ok()?);
            *rest = rest.as_str()[4..].chars();
            None
        }
        'b' | 'f' | 'n' | 'r' | 't' => None,
        letter => Some(letter),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn nothing_that_is_sent_makes_it_fail(
            before in any::<Vec<u8>>(),
            key in r#"(?i)\\{0,3}["']?student(_id)?\\{0,3}["']? ?[:=]?"#,
            after in r#"[\\"'u0-9a-f{}\[\], \x00-\x{10ffff}]{0,64}"#,
        ) {
            let payload = [before.as_slice(), key.as_bytes(), after.as_bytes(), before.as_slice()].concat();
            let named = learner_refs(&payload, &Fields::default());
            prop_assert!(named.within <= payload.len());
            for name in named.learners {
                let (_, name) = name.split_once(':').expect("a kind");
                prop_assert!((1..=EXTERNAL_ID_LIMIT).contains(&name.chars().count()));
                prop_assert!(!name.chars().any(char::is_control));
            }
        }

        #[test]
        fn whoever_is_named_in_json_is_found_wherever_it_breaks_off(
            name in "[a-z0-9 é\u{1f600}\"\\\\-]{1,40}",
            more in any::<String>(),
            broken in 0_usize..200,
        ) {
            prop_assume!(name.trim() == name);
            let student = serde_json::json!({"student": name}).to_string();
            let rest = serde_json::json!({"title": more}).to_string();
            let whole = format!("{},{}", student.trim_end_matches('}'), rest.trim_start_matches('{'));
            let end = (student.len() + broken).min(whole.len());
            let found = learner_refs(&whole.as_bytes()[..end], &Fields::default()).learners;
            prop_assert!(found.contains(&format!("ref:{name}")), "{found:?} in {whole}");
        }
    }

    fn named(payload: &str) -> Vec<String> {
        learner_refs(payload.as_bytes(), &Fields::default()).learners
    }

    #[test]
    fn nothing_is_kept_of_where_nobody_looks() {
        let all =
            |count: usize| (0..count).map(|it| format!("{{\"Student\":\"{it}\"}}\u{e9}")).collect::<String>();
        let whole = all(MOST_KEYS);
        let named = learner_refs(whole.as_bytes(), &Fields::default());
        assert_eq!((named.learners.len(), named.within), (MOST_KEYS, whole.len()));
        let more = all(MOST_KEYS + 9);
        let named = learner_refs(more.as_bytes(), &Fields::default());
        assert_eq!(named.learners.len(), MOST_KEYS);
        assert_eq!(more[..named.within], format!("{whole}{{\""));
        // A value that has no end is not read again and again to the end of everything.
        let endless = "student:".repeat(KEPT_PAYLOAD);
        let named = learner_refs(endless.as_bytes(), &Fields::default());
        assert_eq!((named.learners.len(), named.within), (0, MOST_KEYS * "student:".len()));
    }

    #[test]
    fn whoever_is_named_is_found_however_broken_the_log_is() {
        let payloads = [
            r#"{"student":"ada-lovelace","event_ty"#,
            r#"{"student": "ada-lovelace"#,
            r#"{"student" : "ada-lovelace", "lesson": }"#,
            r#"{'student': 'ada-lovelace', 'lesson': None}"#,
            r#"{student: ada-lovelace, lesson: docker}"#,
            r#"{"Student":"ada-lovelace"}"#,
            r#"{"student_id":"ada-lovelace"}"#,
            r#""{\"student\":\"ada-lovelace\",\"lesson\":\"docker\"}""#,
            r#"{"student":"ada\u0000-lovelace\u0007"}"#,
            r#"{"student":"ada\ud800-lovelace\n"}"#,
            r#"{"student":"\u0061da-lovelace"}"#,
            "{\"student\":\"ada-\u{1}love\u{0}lace\"}",
        ];
        for payload in payloads {
            assert_eq!(named(payload), ["ref:ada-lovelace"], "{payload}");
        }
        assert_eq!(learner_refs(b"{\"student\":\"ada\xff\",", &Fields::default()).learners, ["ref:ada"]);
    }

    #[test]
    fn letters_are_those_that_were_meant() {
        assert_eq!(named(r#"{"student":"\ud83d\ude00 \"a\\","#), ["ref:\u{1f600} \"a\\"]);
        assert_eq!(named(r#"{"student":"é\u00e9""#), ["ref:éé"]);
    }

    #[test]
    fn everybody_is_found_and_nobody_else() {
        assert_eq!(
            named(r#"{"student":"ada","student":"bob","student_id":7"#),
            ["id:7", "ref:ada", "ref:bob"]
        );
        assert_eq!(named(r#"{"student_id": 7.0, "student": 1017"#), ["id:7", "ref:1017"]);
        for payload in [
            "",
            "{",
            "student",
            r#"{"students":"ada"}"#,
            r#"{"student":null,"student_id":null}"#,
            r#"{"student":"","student_id":""}"#,
            r#"{"student":"#,
            r#"{"student":{"name":1}}"#,
        ] {
            assert_eq!(named(payload), [] as [&str; 0], "{payload}");
        }
        assert_eq!(named(&format!(r#"{{"student":"{}"}}"#, "a".repeat(256))), [] as [&str; 0]);
    }
}
