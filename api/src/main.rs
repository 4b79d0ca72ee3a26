//! `edtech-api serve | migrate | token | verify | rebuild | openapi`: see [`edtech_api::cli`].

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    edtech_api::cli::run(std::env::args_os()).await
}
