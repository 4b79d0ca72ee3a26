//! The thread on which groups of logs are gathered and recorded.

use tokio::runtime::Builder;
use tokio::task::JoinHandle;

use super::{Dialect, Store};

impl Store {
    /// Begins what gathers groups and has them recorded, on a thread of its own: recording on SQLite blocks it, and what
    /// PostgreSQL answers is for nobody else.
    pub fn spawn_writer(&self, work: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        let store = self.clone();
        self.runtime.spawn_blocking(move || match store.dialect {
            Dialect::Postgres => store.write_apart(work),
            Dialect::Sqlite => store.runtime.block_on(work),
        })
    }

    /// In a runtime of this thread alone: of several workers one would hear of an answer, and another one go on with it. Where
    /// the system gives no runtime, the workers' does.
    fn write_apart(&self, work: impl Future<Output = ()>) {
        let Ok(own) = Builder::new_current_thread().enable_all().build() else {
            return self.runtime.block_on(work);
        };
        own.block_on(async {
            work.await;
            // These connections were made here, and end with this runtime.
            self.express.let_go().await;
        });
    }
}
