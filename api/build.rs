//! Builds the crate again when the dashboard was built anew: what it holds of it is read while it compiles.

use std::path::Path;

fn main() {
    let dashboard = "../frontend/dist";
    // A path that is not there counts as changed each time; without the dashboard its folder says when it comes.
    let watched = if Path::new(dashboard).exists() { dashboard } else { "../frontend" };
    println!("cargo::rerun-if-changed={watched}");
}
