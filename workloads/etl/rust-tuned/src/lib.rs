//! `etl-rust`'s job as a stream: an object is read, parsed and written at once, in bounded memory.
//!
//! `etl-rust` has the rules (the schema, one batch, the failures); here is what streaming changes.

pub mod document;
mod elements;
pub mod function;
pub mod lanes;
pub mod load;
mod rows;
mod source;
mod text;
