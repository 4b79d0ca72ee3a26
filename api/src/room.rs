//! The room in memory that the bodies of all requests share. Each alone is bounded; so are all of them together, or a crowd
//! of large ones would be answered by the end of the process.

use tokio::sync::{Semaphore, SemaphorePermit};

/// What bodies may hold together, in bytes, while they are read and worked on: eight of the largest batches of logs, or four
/// of the largest rosters. Beyond it clients are told 503.
const BYTES: usize = 64 * 1024 * 1024;

static ROOM: Semaphore = Semaphore::const_new(BYTES);

/// A part of the room that is taken; given back with its end.
#[derive(Debug, Default)]
pub struct Share(Option<SemaphorePermit<'static>>);

/// The room is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

impl Share {
    /// Takes so many bytes more.
    pub fn grow(&mut self, bytes: usize) -> Result<(), Full> {
        let bytes = u32::try_from(bytes).map_err(|_| Full)?;
        let more = ROOM.try_acquire_many(bytes).map_err(|_| Full)?;
        match &mut self.0 {
            Some(share) => share.merge(more),
            none => *none = Some(more),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_given_back() {
        let taken = |share: &Share| share.0.as_ref().map_or(0, SemaphorePermit::num_permits);
        let mut share = Share::default();
        assert_eq!((share.grow(7), share.grow(0), share.grow(5)), (Ok(()), Ok(()), Ok(())));
        assert_eq!(taken(&share), 12);
        assert_eq!(share.grow(BYTES), Err(Full));
        assert_eq!((share.grow(usize::MAX), taken(&share)), (Err(Full), 12));
        drop(share);
        assert!(Share::default().grow(BYTES / 2).is_ok());
    }
}
