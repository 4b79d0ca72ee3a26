//! Builds the crate again when the dashboard was built anew: what it holds of it is read while it compiles.

fn main() {
    println!("cargo::rerun-if-changed=../frontend/dist");
}
