//! The proof that every figure equals what the raw log gives: `verify` recomputes and compares, `rebuild` recomputes and
//! replaces. Both go learner by learner, in slices, whose logs are counted as they are read, so that a log of any size fits
//! into memory.

mod compare;
mod rebuild;
mod slices;
#[cfg(test)]
mod tests;
mod verify;

pub use compare::Difference;
pub use rebuild::RebuildError;
pub use verify::Verification;

/// Told how many learners are done, out of how many.
pub type Progress<'p> = &'p (dyn Fn(u64, u64) + Send + Sync);
