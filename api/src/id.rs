//! An id in a path.

use serde::Deserialize;

use crate::parameters::Parameter;

/// An id of ours, written in the one way in which we write it: `+7` and `07` name nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Id(i64);

impl Id {
    /// As the store knows it.
    pub fn number(self) -> i64 {
        self.0
    }
}

impl TryFrom<String> for Id {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        i64::read(&text).map(Self).ok_or(i64::LOOKS_LIKE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_written_in_one_way() {
        let id = |text: &str| Id::try_from(text.to_owned()).map(Id::number).ok();
        assert_eq!([id("7"), id("0"), id("-7")], [Some(7), Some(0), Some(-7)]);
        assert_eq!([id("+7"), id("07"), id("7.0"), id(""), id("9223372036854775808")], [None; 5]);
    }
}
