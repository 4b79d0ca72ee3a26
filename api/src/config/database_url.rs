//! Where the database is. Its password is never printed.

use std::fmt;
use std::path::Path;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::key::{ConfigError, DATA_DIR, DATABASE_URL};
use super::secret::Secret;

/// What a path may not hold as it is inside a URL.
const RESERVED: &AsciiSet = &CONTROLS.add(b' ').add(b'%').add(b'?').add(b'#');

/// `sqlite://path` or `postgres://user:password@host/database`.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// One of the two databases.
    pub(super) fn parse(url: Secret) -> Result<Self, ConfigError> {
        let url = Self(url.expose().to_owned());
        match url.0.split_once("://") {
            Some(("sqlite", path)) if !path.is_empty() && !path.contains(":memory:") => Ok(url),
            Some(("postgres" | "postgresql", rest)) if !rest.is_empty() => Ok(url),
            _ => Err(DATABASE_URL.fault("is neither PostgreSQL nor a file of SQLite")),
        }
    }

    /// The file of an installation that names no database.
    pub(super) fn sqlite_in(data_dir: &Path) -> Result<Self, ConfigError> {
        let path = data_dir.join("edtech.db");
        let path = path.to_str().ok_or_else(|| DATA_DIR.fault("is not UTF-8"))?;
        Ok(Self(format!("sqlite://{}", utf8_percent_encode(path, RESERVED))))
    }

    /// Whether it is a file of SQLite.
    pub fn is_sqlite(&self) -> bool {
        self.0.starts_with("sqlite:")
    }

    /// The URL with its password, for the one who connects.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Parameters may hold a password as well.
        let url = self.0.split('?').next().unwrap_or_default();
        match url.split_once("://").map(|(scheme, rest)| (scheme, rest.rsplit_once('@'))) {
            Some((scheme, Some((user, host)))) => {
                let user = user.split(':').next().unwrap_or_default();
                write!(f, "{scheme}://{user}:***@{host}")
            }
            _ => f.write_str(url),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str) -> Option<DatabaseUrl> {
        DatabaseUrl::parse(Secret::from(url)).ok()
    }

    #[test]
    fn a_password_is_never_printed() {
        let printed = |url: &str| format!("{:?} {}", parsed(url).unwrap(), parsed(url).unwrap());
        for url in [
            "postgres://edtech:hunter2@db:5432/edtech",
            "postgres://edtech:p@ss?hunter2@db:5432/edtech",
            "postgresql://edtech@db/edtech?password=hunter2",
            "postgres://db/edtech?user=edtech&password=hunter2",
        ] {
            assert!(!printed(url).contains("hunter2"), "{}", printed(url));
        }
        assert!(
            printed("postgres://edtech:hunter2@db/edtech").starts_with("postgres://edtech:***@db/edtech ")
        );
    }

    #[test]
    fn two_databases_are_known() {
        assert!(parsed("sqlite:///var/lib/edtech/edtech.db").unwrap().is_sqlite());
        assert!(!parsed("postgresql:///edtech").unwrap().is_sqlite());
        for url in ["", "edtech.db", "mysql://db/edtech", "sqlite://", "sqlite::memory:", "sqlite://:memory:"]
        {
            assert!(parsed(url).is_none(), "{url}");
        }
    }

    #[test]
    fn a_data_directory_may_have_any_name() {
        let url = DatabaseUrl::sqlite_in(Path::new("./50% of our data")).unwrap();
        assert_eq!(url.expose(), "sqlite://./50%25%20of%20our%20data/edtech.db");
    }
}
