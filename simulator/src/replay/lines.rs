//! The lines of a recorded file, plain or gzip.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;
use flate2::bufread::MultiGzDecoder;

/// How a gzip file begins.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The longest line: no log is near it, and a file without line ends shall not fill the memory.
const LINE_BYTES: usize = 1024 * 1024;

/// The lines that are not blank, each without its end.
pub(super) struct Lines {
    text: Box<dyn BufRead + Send>,
    number: u64,
}

/// A file that knows how far it was read.
struct Counted {
    file: File,
    read: Arc<AtomicU64>,
}

impl Lines {
    /// Opens a file; `read` follows how many of its bytes were read.
    pub(super) fn open(path: &Path, read: Arc<AtomicU64>) -> anyhow::Result<Self> {
        let mut file = BufReader::new(Counted { file: File::open(path)?, read });
        let is_gzip = file.fill_buf()?.starts_with(&GZIP);
        let is_named_gzip = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"));
        // Posted as it is, it would be rejected line by line.
        anyhow::ensure!(is_gzip || !is_named_gzip, "it is no gzip, whatever its name says");
        let text: Box<dyn BufRead + Send> =
            if is_gzip { Box::new(BufReader::new(MultiGzDecoder::new(file))) } else { Box::new(file) };
        Ok(Self { text, number: 0 })
    }

    /// The next line, also where it is blank; none at the end.
    fn line(&mut self) -> anyhow::Result<Option<Vec<u8>>> {
        self.number += 1;
        let mut line = Vec::new();
        let mut bounded = self.text.by_ref().take(LINE_BYTES as u64 + 1);
        bounded.read_until(b'\n', &mut line).with_context(|| {
            format!("line {} cannot be read, the file is damaged or cut off", self.number)
        })?;
        anyhow::ensure!(
            line.len() <= LINE_BYTES,
            "line {} is longer than {LINE_BYTES} bytes: a recording has one log a line",
            self.number
        );
        Ok(Some(line).filter(|line| !line.is_empty()))
    }
}

impl Iterator for Lines {
    type Item = anyhow::Result<Vec<u8>>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.line().transpose()? {
                Ok(line) if line.trim_ascii().is_empty() => {}
                outcome => return Some(outcome.map(|line| line.trim_ascii().to_vec())),
            }
        }
    }
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let length = self.file.read(into)?;
        self.read.fetch_add(length as u64, Ordering::Relaxed);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::*;

    /// The lines of a file of this name and these bytes.
    fn lines(name: &str, bytes: &[u8]) -> anyhow::Result<Vec<String>> {
        let path = std::env::temp_dir().join(format!("edtech-lines-{}-{name}", std::process::id()));
        std::fs::write(&path, bytes)?;
        let read = Arc::new(AtomicU64::new(0));
        let lines =
            Lines::open(&path, Arc::clone(&read)).and_then(Iterator::collect::<anyhow::Result<Vec<_>>>);
        std::fs::remove_file(path)?;
        let lines = lines?.into_iter().map(|line| String::from_utf8(line).unwrap()).collect();
        assert_eq!(read.load(Ordering::Relaxed), bytes.len() as u64);
        Ok(lines)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn plain_and_gzip_are_told_apart_and_blank_lines_left_out() {
        assert_eq!(lines("plain", b"a\r\n\n \nb").unwrap(), ["a", "b"]);
        assert_eq!(lines("one.gz", &gzip(b"a\nb\n")).unwrap(), ["a", "b"]);
        assert_eq!(lines("named-otherwise", &gzip(b"a\nb")).unwrap(), ["a", "b"]);
        assert_eq!(lines("two.gz", &[gzip(b"a\n"), gzip(b"b\n")].concat()).unwrap(), ["a", "b"]);
        assert!(lines("empty", b"").unwrap().is_empty());
    }

    #[test]
    fn a_file_that_is_cut_off_damaged_or_no_gzip_is_an_error() {
        let whole = gzip(&b"line\n".repeat(1000));
        for length in [0, 1, 2, 9, whole.len() / 2, whole.len() - 6, whole.len() - 1] {
            assert!(lines("cut.gz", &whole[..length]).is_err(), "{length} of {} bytes", whole.len());
        }
        let error = lines("cut.gz", &whole[..whole.len() - 6]).unwrap_err();
        assert!(error.to_string().contains("cut off"), "{error}");
        let mut damaged = whole.clone();
        let checksum = damaged.len() - 8;
        damaged[checksum] ^= 1;
        assert!(lines("damaged.gz", &damaged).is_err());
        assert!(lines("plain.gz", b"{}\n").is_err());
    }

    #[test]
    fn a_line_has_an_end() {
        assert!(lines("long", &vec![b'a'; LINE_BYTES]).is_ok());
        let error = lines("longer", &vec![b'a'; LINE_BYTES + 1]).unwrap_err();
        assert!(error.to_string().starts_with("line 1 is longer"), "{error}");
    }

    /// The lines of bytes that came from somewhere.
    fn lines_of(bytes: &[u8]) -> anyhow::Result<Vec<Vec<u8>>> {
        Lines { text: Box::new(std::io::Cursor::new(bytes.to_vec())), number: 0 }.collect()
    }

    proptest! {
        #[test]
        fn lines_are_what_stands_between_their_ends(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let expected = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
            let expected: Vec<&[u8]> = expected.filter(|line| !line.is_empty()).collect();
            prop_assert_eq!(lines_of(&bytes).unwrap(), expected);
        }

        #[test]
        fn no_damage_to_a_gzip_makes_it_panic(
            at in any::<prop::sample::Index>(),
            damage in 1_u8..=255,
            cut in any::<prop::sample::Index>(),
        ) {
            let mut file = gzip(b"{\"a\": 1}\n{\"b\": 2}\n");
            let at = at.index(file.len());
            file[at] ^= damage;
            file.truncate(cut.index(file.len()) + 1);
            let text = BufReader::new(MultiGzDecoder::new(std::io::Cursor::new(file)));
            let read: Vec<_> = Lines { text: Box::new(text), number: 0 }.take(3).collect();
            prop_assert!(read.iter().flatten().all(|line| line.len() <= LINE_BYTES));
        }
    }
}
