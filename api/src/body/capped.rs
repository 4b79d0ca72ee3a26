//! Bytes that refuse to become too many: a small gzip may hold gigabytes, and many bodies at once are many bytes.

use std::io::{self, Write};

use bytes::{Bytes, BytesMut};
use memmap2::MmapMut;

use crate::room::Share;

/// Bodies up to here live in the heap, in bytes. Larger ones get pages of their own: an allocator would keep much of what they
/// leave behind, and move them as they grow.
const SMALL: usize = 256 * 1024;

/// The bytes of a body so far. They take their share of the room.
pub(super) struct Capped {
    bytes: Place,
    share: Share,
    max_bytes: usize,
}

enum Place {
    Heap(BytesMut),
    Pages(Pages),
}

/// Pages that nothing was written to are none yet.
struct Pages {
    map: MmapMut,
    length: usize,
}

impl Capped {
    pub(super) fn new(max_bytes: usize) -> Self {
        Self { bytes: Place::Heap(BytesMut::new()), share: Share::default(), max_bytes }
    }

    /// Takes room for something else beside the bytes.
    pub(super) fn take_room(&mut self, bytes: usize) -> io::Result<()> {
        self.share.grow(bytes).map_err(|_| io::ErrorKind::OutOfMemory.into())
    }

    /// The bytes, and their share of the room.
    pub(super) fn finish(self) -> (Bytes, Share) {
        let bytes = match self.bytes {
            Place::Heap(bytes) => bytes.freeze(),
            Place::Pages(pages) => Bytes::from_owner(pages),
        };
        (bytes, self.share)
    }

    fn length(&self) -> usize {
        match &self.bytes {
            Place::Heap(bytes) => bytes.len(),
            Place::Pages(pages) => pages.length,
        }
    }
}

impl Write for Capped {
    /// An error of kind [`io::ErrorKind::FileTooLarge`] where they are too many, and of [`io::ErrorKind::OutOfMemory`] where
    /// others have taken the room.
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        let length = self.length() + more.len();
        if length > self.max_bytes {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.take_room(more.len())?;
        match &mut self.bytes {
            Place::Heap(bytes) if length <= SMALL => bytes.extend_from_slice(more),
            Place::Heap(bytes) => self.bytes = Place::Pages(Pages::new(self.max_bytes, &[bytes, more])?),
            Place::Pages(pages) => pages.append(more),
        }
        Ok(more.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Pages {
    fn new(max_bytes: usize, parts: &[&[u8]]) -> io::Result<Self> {
        let mut pages = Self { map: MmapMut::map_anon(max_bytes)?, length: 0 };
        parts.iter().for_each(|part| pages.append(part));
        Ok(pages)
    }

    /// Never more than there is room for: whoever writes has looked.
    fn append(&mut self, more: &[u8]) {
        let end = self.length + more.len();
        if let Some(place) = self.map.get_mut(self.length..end) {
            place.copy_from_slice(more);
            self.length = end;
        }
    }
}

impl AsRef<[u8]> for Pages {
    fn as_ref(&self) -> &[u8] {
        self.map.get(..self.length).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn what_is_written_is_there_wherever_it_lives(
            pieces in prop::collection::vec((any::<u8>(), 1..SMALL), 0..8),
            max_bytes in 1..4 * SMALL,
        ) {
            let mut capped = Capped::new(max_bytes);
            let mut expected = Vec::new();
            for (byte, length) in pieces {
                let piece = vec![byte; length];
                match capped.write_all(&piece) {
                    Ok(()) => expected.extend_from_slice(&piece),
                    Err(error) => {
                        prop_assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
                        prop_assert!(expected.len() + length > max_bytes);
                    }
                }
            }
            prop_assert!(capped.finish().0 == expected);
        }
    }
}
