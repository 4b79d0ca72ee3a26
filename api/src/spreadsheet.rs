//! Text in a CSV that people open in a spreadsheet: nothing in it is ever run.

use std::borrow::Cow;

/// What a spreadsheet would take for a formula, also as the East writes it.
const FORMULA: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];

/// A text cell: one that would be a formula begins with an apostrophe. Numbers are no text and stay as they are.
pub fn text(cell: &str) -> Cow<'_, str> {
    if cell.starts_with(FORMULA) { Cow::Owned(format!("'{cell}")) } else { Cow::Borrowed(cell) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_formula_is_made_text() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "＋1", "－1", "＠a", "="] {
            assert_eq!(text(formula), format!("'{formula}"));
        }
        for plain in ["", "Ada", "1", "a=1", " =1", "'=1", "é"] {
            assert_eq!(text(plain), plain);
        }
    }

    proptest! {
        #[test]
        fn no_text_begins_as_a_formula(cell in "[=+@\\t\\r＝＋－＠'a-]{0,4}|.{0,20}") {
            let text = text(&cell);
            prop_assert!(!text.starts_with(FORMULA));
            prop_assert!(text == cell || text.strip_prefix('\'') == Some(cell.as_str()));
        }
    }
}
