//! A small disk of one's own, that can be filled to the last byte: an image, mounted by root through a loop device.

use std::path::{Path, PathBuf};
use std::process::Command;

use uuid::Uuid;

/// A file system of its own; unmounted and gone where it is dropped.
pub struct SmallDisk {
    image: PathBuf,
    place: PathBuf,
}

impl SmallDisk {
    /// Of so many megabytes. Panics where nothing can be mounted: a fault that did not happen has not been passed.
    pub fn of(megabytes: u64) -> Self {
        let name = std::env::temp_dir().join(format!("edtech-disk-{}", Uuid::new_v4().simple()));
        let disk = Self { image: name.with_extension("image"), place: name };
        std::fs::create_dir(&disk.place).expect("a directory");
        run(Command::new("truncate").args(["--size", &format!("{megabytes}M")]).arg(&disk.image));
        // No block is kept back for root, who is the one that runs this.
        run(Command::new("mkfs.ext4").args(["-q", "-F", "-m", "0"]).arg(&disk.image));
        run(Command::new("mount").args(["-o", "loop"]).args([&disk.image, &disk.place]));
        disk
    }

    /// Where it is mounted.
    pub fn place(&self) -> &Path {
        &self.place
    }

    /// Takes all room but so much, and none where there is less.
    pub fn leave_megabytes(&self, megabytes: u64) {
        let free = self.free();
        let taken = free.saturating_sub(megabytes * 1024 * 1024);
        if taken > 0 {
            run(Command::new("fallocate").args(["--length", &taken.to_string()]).arg(self.ballast()));
        }
    }

    /// Gives the room back.
    pub fn free_again(&self) {
        std::fs::remove_file(self.ballast()).expect("what took the room");
    }

    /// The bytes that are left.
    pub fn free(&self) -> u64 {
        let told = Command::new("df").args(["--output=avail", "--block-size=1"]).arg(&self.place).output();
        let told = String::from_utf8_lossy(&told.expect("df").stdout).into_owned();
        told.split_whitespace()
            .last()
            .and_then(|bytes| bytes.parse().ok())
            .unwrap_or_else(|| panic!("{told}"))
    }

    fn ballast(&self) -> PathBuf {
        self.place.join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg(&self.place).status();
        if unmounted.is_ok_and(|status| status.success()) {
            let _ = std::fs::remove_dir(&self.place);
            let _ = std::fs::remove_file(&self.image);
        } else {
            eprintln!("{} is left behind", self.place.display());
        }
    }
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?} (it takes root and a loop device): {said}");
}
