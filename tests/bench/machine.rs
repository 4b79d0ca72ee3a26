//! The machine that was measured on.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

/// What a reader has to know of it to compare figures.
pub fn description(directory: &Path, database: &str) -> String {
    let cpu = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".to_owned());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory: u64 = field("/proc/meminfo", "MemTotal")
        .and_then(|text| text.split_whitespace().next()?.parse().ok())
        .unwrap_or_default();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    // The version; what whoever built it has appended names the machine.
    let kernel = kernel.trim().split('-').next().unwrap_or_default();
    let day = chrono::Utc::now().date_naive();
    format!(
        "Measured on {day}: {cpu}, {cores} cores, {:.0} GiB, Linux {kernel}; a flush of 4 KiB to disk takes {:.0} µs. {database}",
        memory as f64 / 1024.0 / 1024.0,
        flush_microseconds(directory),
    )
}

fn field(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// The median of some flushes.
fn flush_microseconds(directory: &Path) -> f64 {
    let path = directory.join("flush");
    let mut file = fs::File::create(&path).expect("a file to flush");
    let mut times: Vec<f64> = (0..200)
        .map(|_| {
            file.write_all(&[1; 4096]).expect("a block");
            let begun = Instant::now();
            file.sync_data().expect("a flush");
            begun.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    fs::remove_file(path).expect("the file to remove");
    median(&mut times)
}

/// The one in the middle.
pub fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
