//! A program that was started by another one of ours ends with it.

use std::io;

use tokio::sync::oneshot;

/// Done once standard input ends: whoever started this program holds the other end, and is gone then, however it went.
pub fn gone() -> impl Future<Output = ()> {
    let (sender, ended) = oneshot::channel();
    // Reading blocks, and nothing could wake it at the end: a thread of its own may be left behind.
    std::thread::spawn(move || {
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        let _ = sender.send(());
    });
    async { drop::<Result<(), _>>(ended.await) }
}
