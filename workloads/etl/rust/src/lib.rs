//! Load event registrations from an object in S3 into a `DynamoDB` table.
//!
//! `main.rs` wires these parts to AWS; the rules that they keep stand in the workload's README.

pub mod batch;
pub mod contents;
pub mod document;
pub mod event;
pub mod failure;
pub mod json;
pub mod load;
pub mod record;
pub mod retry;
pub mod services;
