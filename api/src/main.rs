//! `edtech-api serve | migrate | token | verify | rebuild | openapi`: see [`edtech_api::cli`].

use std::io;
use std::process::ExitCode;

use tokio::runtime::Runtime;

fn main() -> io::Result<ExitCode> {
    let runtime = Runtime::new()?;
    let code = runtime.block_on(edtech_api::cli::run(std::env::args_os()));
    // Whatever is still at work had its time, and is left to whoever runs next.
    runtime.shutdown_background();
    Ok(code)
}
