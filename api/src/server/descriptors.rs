//! How many connections there may be: as many as the system gives this process file descriptors, less what the rest of
//! it needs.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The most connections: as many sockets as may be open, and as many that ask.
const MOST: u64 = 20_000;

/// The fewest that a server is of use with.
const FEWEST: u64 = 16;

/// What is open beside connections: listeners, pipes, pollers, log and lock files, and some to spare.
const RESERVED: u64 = 64;

/// What a connection to the database costs: SQLite has a file, its log and its index open for each.
const FOR_EACH_DATABASE_CONNECTION: u64 = 3;

/// Asks the system for what it lets us have, and says how many connections that is enough for.
pub fn connections(database_connections: u32) -> usize {
    let descriptors = raise();
    let reserved = RESERVED + FOR_EACH_DATABASE_CONNECTION * u64::from(database_connections);
    let connections = affordable(descriptors, reserved);
    if connections < MOST {
        tracing::info!(
            descriptors,
            connections,
            "the limit of open files limits the connections (ulimit -n)"
        );
    }
    usize::try_from(connections).unwrap_or(usize::MAX)
}

fn affordable(descriptors: Option<u64>, reserved: u64) -> u64 {
    descriptors.map_or(MOST, |limit| limit.saturating_sub(reserved)).clamp(FEWEST, MOST)
}

/// Up to what the system lets us have without asking anybody; the limit from now on, where there is one.
fn raise() -> Option<u64> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return current;
    }
    match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => maximum,
        Err(error) => {
            tracing::debug!(%error, "the limit of open files stays as it is");
            current
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_room_for_the_rest() {
        assert_eq!(affordable(None, 94), MOST);
        assert_eq!(affordable(Some(1_048_576), 94), MOST);
        assert_eq!(affordable(Some(256), 94), 162);
        assert_eq!(affordable(Some(64), 94), FEWEST);
    }
}
