//! The tables that are read row by row, as SeaORM entities; one file each, no logic.
//!
//! Rollups have no entity: they are only ever read and written as sets, by the SQL of the store.

pub mod api_client;
pub mod audit_entry;
pub mod benchmark;
pub mod classroom;
pub mod daily_report;
pub mod erasure;
pub mod lesson;
pub mod rejected_log;
pub mod session;
pub mod setting;
pub mod streaming_log;
pub mod student;
pub mod token_revocation;
