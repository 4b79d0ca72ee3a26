//! `edtech-api serve`: the server.

use clap::Args;

use crate::app;
use crate::config::{Config, Settings};

/// How the server ends; the rest are settings.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Ends when standard input does: whoever started it is gone.
    #[arg(long, hide = true)]
    until_stdin_ends: bool,
    #[command(flatten)]
    pub(super) settings: Settings,
}

impl ServeArgs {
    /// What ends the server beside a signal.
    pub(super) fn end(&self) -> app::End {
        if self.until_stdin_ends { app::End::WithStdin } else { app::End::BySignal }
    }
}

pub(super) async fn run(end: app::End, config: Config) -> anyhow::Result<()> {
    app::serve(config, end).await
}
