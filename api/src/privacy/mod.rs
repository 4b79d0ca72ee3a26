//! What the platform owes to a learner: a copy of everything, and proof of an erasure.

pub mod get_erasure;
pub mod get_export;

mod csv_table;
mod json_document;
mod records;
