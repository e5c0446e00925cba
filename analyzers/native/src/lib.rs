//! The hot path of ingest: what `analyzers` does in columns, done record by record. Called with ctypes.
//!
//! All input is hostile. Slices are checked everywhere; `unsafe` is in `ffi.rs` alone, where pointers become slices.
//! Whatever is not decided here for certain is handed back to the caller, who has another way.

#![deny(unsafe_op_in_unsafe_fn)]
#![warn(clippy::pedantic)]

pub mod check;
pub mod ffi;
pub mod levels;
pub mod log_columns;
pub mod outline;
pub mod walk;
pub mod wire;
